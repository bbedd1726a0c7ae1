// The bare primitive below POST /messages: one fastify route over synced, group-committed LevelDB
// batches. Argument: scratch directory. Prints {port}; ends with SIGTERM.
import '../support/end-with-parent.ts';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { utf8 } from '../../src/bytes.ts';
import { GroupCommit } from '../support/group-commit.ts';

const [directory = ''] = process.argv.slice(2);
const disk = new GroupCommit(directory);
const fastify = Fastify();
let seq = 0;
fastify.post('/messages', async (request, reply) => {
  const { text } = request.body as { text: string };
  await disk.put(utf8(text));
  reply.code(201);
  return { seq: seq++, time: new Date().toISOString(), kind: 'text', text };
});
await fastify.listen({ host: '127.0.0.1', port: 0 });
const { port } = fastify.server.address() as AddressInfo;
console.log(JSON.stringify({ port }));
process.once('SIGTERM', () => {
  fastify.server.closeAllConnections();
  void fastify.close().then(() => disk.close());
});
