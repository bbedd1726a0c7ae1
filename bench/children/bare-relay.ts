// The bare primitive below live messages: whatever comes in over plain TCP, a line each, is put into
// LevelDB, synced, and then sent on. Arguments: scratch directory, and the port to send it on to
// (0: back to where it came from). Prints {port}; ends with SIGTERM.
import '../support/end-with-parent.ts';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { utf8 } from '../../src/bytes.ts';
import { GroupCommit } from '../support/group-commit.ts';

const [directory = '', nextPort = ''] = process.argv.slice(2);
const disk = new GroupCommit(directory);
await disk.open();
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  const next = nextPort === '0' ? socket : connect(Number(nextPort), '127.0.0.1');
  for (const one of [socket, next]) {
    one.setNoDelay();
    one.on('error', () => one.destroy());
    sockets.add(one);
  }
  // What comes back from further on goes back to where it came from.
  if (next !== socket) next.pipe(socket);
  createInterface({ input: socket }).on('line', (line) => {
    void disk.put(utf8(line)).then(() => next.write(`${line}\n`));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.once('SIGTERM', () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  void disk.close();
});
