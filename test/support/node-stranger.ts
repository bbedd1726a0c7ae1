// A peer that a test plays itself: a real link over TCP, by the code of src/net, to a node that is a
// process of its own. Its sockets can stop to read, or hold back what they write.
import type { Socket } from 'node:net';
import { systemClock, systemRandom, systemTimers, silentLogger } from '../../src/env.ts';
import type { PublicKey } from '../../src/identity.ts';
import type { GroupId } from '../../src/cxo/ids.ts';
import { readKeyFile } from '../../src/key-file.ts';
import { Network } from '../../src/net/network.ts';
import { tcpTransport } from '../../src/net/tcp.ts';
import type { ByteStream, Link, Transport } from '../../src/net/transport.ts';
import { encodeFrame, parseFrame } from '../../src/sync/frame-codec.ts';
import type { Frame } from '../../src/sync/frames.ts';
import { Session } from '../../src/sync/session.ts';
import { connect } from 'node:net';
import { parsePeerAddress } from '../../src/net/address.ts';
import type { Daemon } from './node-daemon.ts';

/** Frames of the gossip that came, or the end of the link. */
export type Heard = Frame | { readonly type: 'closed'; readonly reason: string };

export class Stranger {
  readonly #network: Network;
  readonly #heard: Heard[] = [];
  readonly #linked: Promise<Link>;
  #waiting: (() => void)[] = [];
  session: Session | undefined;

  /** Dials the node with the key in the file and says hello, as a member of the group. */
  constructor(node: Daemon, keyFile: string, group: GroupId, options: StrangerOptions = {}) {
    const identity = readKeyFile(keyFile);
    let onLinked: (link: Link) => void = () => undefined;
    this.#linked = new Promise((resolve) => (onLinked = resolve));
    this.#network = new Network({
      ...{ identity, clock: systemClock, random: systemRandom, timers: systemTimers },
      logger: silentLogger,
      transport: options.transport ?? tcpTransport,
      isAllowed: () => true,
      onLink: (link) => {
        const { peer, initiator, handshakeHash } = link;
        const of = { groups: [group], self: identity.publicKey, openedAt: 0, link: 0 };
        const session = new Session({ ...of, peer, initiator, handshakeHash });
        this.session = session;
        const tag = session.tag(group);
        const fingerprint = session.fingerprint(new Uint8Array(32), true);
        const window = options.windowBytes ?? 2 ** 20;
        // As a node does: when the link has its owner.
        queueMicrotask(() => {
          const groups = [{ tag, fingerprint }];
          send(link, { type: 'hello', version: 1, agent: 'a test', groups, window });
          onLinked(link);
        });
        return {
          onFrame: (type, payload) => {
            const frame = parseFrame(type, payload);
            if (frame !== undefined && frame !== 'unknown') this.#hear(frame);
          },
          onDrain: () => undefined,
          onClose: (reason) => {
            this.#hear({ type: 'closed', reason });
          },
        };
      },
    });
    this.#network.addPeer(parsePeerAddress(node.address));
  }

  async send(frame: Frame): Promise<void> {
    send(await this.#linked, frame);
  }

  /** Asks for a whole feed. */
  async want(author: string): Promise<void> {
    const place = { author: author as PublicKey, head: 0, from: 1 };
    await this.send({ type: 'want', group: 0, places: [place] });
  }

  /** The first of these that came or comes. */
  async hears(...types: readonly Heard['type'][]): Promise<Heard> {
    for (;;) {
      const found = this.#heard.find(({ type }) => types.includes(type));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): Promise<void> {
    return this.#network.close();
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export interface StrangerOptions {
  readonly transport?: Transport;
  /** What the node may send before any credit. */
  readonly windowBytes?: number;
}

function send(link: Link, frame: Frame): void {
  const { type, payload } = encodeFrame(frame);
  link.send(type, payload);
}

/** TCP whose sockets the test holds: what it writes at once leaves in one segment. */
export function heldTransport(onSocket: (socket: Socket) => void): Transport {
  return {
    listen: (endpoint, onStream) => tcpTransport.listen(endpoint, onStream),
    dial: ({ host, port }) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host, port, noDelay: true });
        socket.once('error', reject);
        socket.once('connect', () => {
          onSocket(socket);
          resolve(streamOf(socket, `${host}:${port}`));
        });
      }),
  };
}

function streamOf(socket: Socket, remote: string): ByteStream {
  const stream: ByteStream = {
    remote,
    get queuedBytes() {
      return socket.writableLength;
    },
    write: (bytes) => {
      socket.cork();
      socket.write(bytes);
      // After the microtasks in which the next layer writes its own.
      setImmediate(() => {
        socket.uncork();
      });
    },
    end: () => {
      socket.end();
    },
    destroy: () => {
      socket.destroy();
    },
    handler: undefined,
  };
  socket.on('data', (bytes: Buffer) => stream.handler?.onData(new Uint8Array(bytes)));
  socket.on('close', () => stream.handler?.onClose('closed'));
  return stream;
}
