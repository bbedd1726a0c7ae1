// Hypercore: one core for each feed, all in one corestore, over one Noise stream for each peer.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import Corestore from 'corestore';
import type { OpenParticipant, Participant, ReadText } from './participant.ts';
import { serve } from './serve.ts';

const fillBatch = 1000;

const openHypercore: OpenParticipant = async (directory, onArrival) => {
  // Prepared stores are copied, which corestore refuses unless it is told so.
  const store = new Corestore(directory, { allowBackup: true });
  await store.ready();
  const own = store.get({ name: 'own' });
  await own.ready();
  const sockets = new Set<Socket>();
  let dialedBytes = 0;
  let server: Server | undefined;
  const replicate = (socket: Socket, isInitiator: boolean): void => {
    sockets.add(socket);
    socket.setNoDelay();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      if (isInitiator) dialedBytes += socket.bytesRead + socket.bytesWritten;
    });
    const stream = new NoiseSecretStream(isInitiator, socket);
    stream.on('error', () => socket.destroy());
    store.replicate(stream).on('error', () => socket.destroy());
  };
  const participant: Participant = {
    async fill(feeds, each, text) {
      const ids: string[] = [];
      for (let i = 0; i < feeds; i++) {
        const core = store.get({ name: `feed-${i}` });
        await core.ready();
        for (let done = 0; done < each; done += fillBatch) {
          const length = Math.min(fillBatch, each - done);
          await core.append(Array.from({ length }, () => Buffer.from(text())));
        }
        ids.push(idOf(core));
      }
      return ids;
    },
    ownFeed: idOf(own),
    append: (text) => own.append(Buffer.from(text)),
    appendAll: (texts) => own.append(texts.map((text) => Buffer.from(text))),
    async follow(feeds) {
      await Promise.all(
        feeds.map(async (id) => {
          const core = store.get({ key: Buffer.from(id, 'hex') });
          await core.ready();
          core.on('download', (index: number) => {
            onArrival(textOf(core, index));
          });
          core.download({ start: 0, end: -1 });
        }),
      );
    },
    async listen() {
      server = createServer((socket) => {
        replicate(socket, false);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { port: (server.address() as AddressInfo).port, name: '' };
    },
    connect({ port }) {
      replicate(connect(port, '127.0.0.1'), true);
    },
    wireBytes() {
      let bytes = dialedBytes;
      for (const socket of sockets) bytes += socket.bytesRead + socket.bytesWritten;
      return bytes;
    },
    async close() {
      server?.close();
      for (const socket of sockets) socket.destroy();
      await store.close();
    },
  };
  return participant;
};

function idOf(core: Corestore.Hypercore): string {
  return Buffer.from(core.key).toString('hex');
}

function textOf(core: Corestore.Hypercore, index: number): ReadText {
  return async () => Buffer.from(await core.get(index)).toString('latin1');
}

await serve(openHypercore);
