// Secure Scuttlebutt: ssb-db2 with classic feeds, replicated by epidemic broadcast trees over secret
// handshake and box stream.
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import SecretStack from 'secret-stack';
import classic from 'ssb-classic';
import ebtCompatibility from 'ssb-db2/compat/ebt.js';
import db from 'ssb-db2/core.js';
import ebt from 'ssb-ebt';
import ssbKeys from 'ssb-keys';
import type { OpenParticipant, Participant } from './participant.ts';
import { serve } from './serve.ts';

/** The key of a network of its own. */
const caps = { shs: Buffer.alloc(32, 'bench').toString('base64') };
/** Longer than any run: it would end connections that are idle. */
const inactivityMs = 3_600_000;

const openSsb: OpenParticipant = async (directory, onArrival) => {
  mkdirSync(directory, { recursive: true });
  const keys = ssbKeys.loadOrCreateSync(join(directory, 'secret'));
  // It cannot say which port it was given.
  const port = await freePort();
  const sockets = countDialed();
  const ssb = start(directory, keys, port);
  ssb.ebt.request(ssb.id, true);
  ssb.db.onMsgAdded(({ kvt: { value } }) => {
    onArrival(() => value.content.text ?? '');
  });
  const create = promisify(ssb.db.create.bind(ssb.db));
  const append = (text: string, author = keys): Promise<unknown> =>
    create({ feedFormat: 'classic', content: { type: 'post', text }, keys: author });
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      ssb.db.onDrain(resolve);
    });
  const participant: Participant = {
    async fill(feeds, each, text) {
      const ids: string[] = [];
      for (let i = 0; i < feeds; i++) {
        const author = ssbKeys.generate();
        for (let j = 0; j < each; j++) await append(text(), author);
        ids.push(author.id);
      }
      await drained();
      return ids;
    },
    ownFeed: ssb.id,
    append: (text) => append(text),
    appendAll: (texts) => Promise.all(texts.map((text) => append(text))),
    follow(feeds) {
      for (const id of feeds) ssb.ebt.request(id, true);
    },
    listen: () => Promise.resolve({ port, name: ssb.id.slice(1).replace('.ed25519', '') }),
    async connect({ port: at, name }) {
      await promisify(ssb.connect.bind(ssb))(`net:127.0.0.1:${at}~shs:${name}`);
    },
    wireBytes: () =>
      sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0),
    async close() {
      await drained();
      await promisify(ssb.close.bind(ssb))(true);
    },
  };
  return participant;
};

function start(directory: string, keys: object, port: number): SecretStack.Peer {
  const incoming = { scope: ['public', 'private', 'device'], transform: 'shs', host: '127.0.0.1' };
  const connections = {
    incoming: { net: [{ ...incoming, port }] },
    outgoing: { net: [{ transform: 'shs' }] },
  };
  return [db, classic, ebtCompatibility, ebt]
    .reduce<SecretStack.Builder>((stack, plugin) => stack.use(plugin), SecretStack({ caps }))
    .call(null, {
      ...{ path: directory, keys, connections },
      timers: { inactivity: inactivityMs },
      ebt: { logging: false },
    });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Its sockets can be seen in no other way. */
function countDialed(): readonly Socket[] {
  const sockets: Socket[] = [];
  const { connect } = net;
  net.connect = ((...args: Parameters<typeof connect>) => {
    const socket = connect(...args);
    sockets.push(socket);
    return socket;
  }) as typeof connect;
  return sockets;
}

await serve(openSsb);
