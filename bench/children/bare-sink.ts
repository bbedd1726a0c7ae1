// The bare primitive below replication: takes chunks from a plain TCP connection and writes each
// MiB of them as one synced LevelDB batch, with a short row for each message. Arguments: scratch
// directory, port, chunks, bytes of a chunk, messages of a chunk. Prints {ms} from the dial to the
// last batch on disk.
import '../support/end-with-parent.ts';
import { connect } from 'node:net';
import { GroupCommit } from '../support/group-commit.ts';
import { syncLimits } from '../../src/sync/limits.ts';

const [directory = '', ...numbers] = process.argv.slice(2);
const [port = 0, chunks = 0, chunkBytes = 0, messages = 0] = numbers.map(Number);
const disk = new GroupCommit(directory);
await disk.open();
const startedAt = performance.now();
const socket = connect(port, '127.0.0.1');
socket.setNoDelay();
const left = { bytes: chunks * chunkBytes };
let pending: Buffer[] = [];
let pendingBytes = 0;
for await (const part of socket as AsyncIterable<Buffer>) {
  pending.push(part);
  pendingBytes += part.length;
  left.bytes -= part.length;
  if (pendingBytes < syncLimits.commitBytesMax && left.bytes > 0) continue;
  const count = Math.ceil((pendingBytes / chunkBytes) * messages);
  const bytes = Buffer.concat(pending);
  const step = Math.ceil(bytes.length / count);
  await disk.write(
    Array.from({ length: count }, (_, i) => bytes.subarray(i * step, (i + 1) * step)),
  );
  pending = [];
  pendingBytes = 0;
  if (left.bytes <= 0) break;
}
console.log(JSON.stringify({ ms: performance.now() - startedAt }));
socket.destroy();
await disk.close();
