import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { concat, parseUtf8, utf8 } from '../../src/bytes.ts';
import { systemRandom } from '../../src/env.ts';
import { identityOfSeed, publicKeyBytes, type Identity } from '../../src/identity.ts';
import { prologue } from '../../src/net/handshake.ts';
import * as limits from '../../src/net/limits.ts';
import { nodeNoiseCrypto } from '../../src/net/noise-crypto.ts';
import { HandshakeState, type CipherState, type NoiseResult } from '../../src/net/noise.ts';
import { rekeyMessages } from '../../src/net/secure.ts';
import type { ByteStream, Endpoint, Transport } from '../../src/net/transport.ts';
import { identityAt, Rig, type RigNode } from '../support/net-rig.ts';

let rig: Rig;
let node: RigNode;
let raws: Raw[];
beforeEach(async () => {
  rig = new Rig();
  node = await rig.node(1);
  raws = [];
});
afterEach(async () => {
  await rig.close();
  expect(rig.time.pending).toBe(0);
  expect(rig.hub.connections).toEqual([]);
});

/** A connection in the hands of the test, and what came back over it. */
interface Raw {
  readonly stream: ByteStream;
  readonly received: Uint8Array[];
  closed: boolean;
}

function rawOf(stream: ByteStream): Raw {
  const raw: Raw = { stream, received: [], closed: false };
  stream.handler = {
    onData: (bytes) => raw.received.push(bytes),
    onDrain: () => undefined,
    onClose: () => (raw.closed = true),
  };
  return raw;
}

async function connect(host = 'stranger', to: Endpoint = node.endpoint): Promise<Raw> {
  return rawOf(await rig.hub.host(host).dial(to, new AbortController().signal));
}

function total(counters: Record<string, number>): number {
  return Object.values(counters).reduce((sum, count) => sum + count, 0);
}

function bytesOf(result: NoiseResult): Uint8Array {
  if (!result.ok) throw new Error(result.reason);
  return result.bytes;
}

function framed(message: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(message.length >> 8, message.length & 255), message);
}

const crypto = nodeNoiseCrypto(systemRandom);

function dialerOf({ linkKeys: own }: Identity, to: RigNode): HandshakeState {
  const remote = to.identity.linkKeys.publicKey;
  return new HandshakeState({ crypto, pattern: 'XK', initiator: true, prologue, own, remote });
}

/** Goes through the handshake by hand; the result sends and opens raw Noise messages. */
async function shake(
  identity: Identity,
  to = node,
  claim = publicKeyBytes(identity.publicKey),
): Promise<{ raw: Raw; send: CipherState; receive: CipherState }> {
  const raw = await connect('stranger', to.endpoint);
  raws.push(raw);
  const noise = dialerOf(identity, to);
  raw.stream.write(framed(bytesOf(noise.write(new Uint8Array()))));
  await rig.settle();
  bytesOf(noise.read(concat(...raw.received.splice(0)).subarray(2)));
  raw.stream.write(framed(bytesOf(noise.write(claim))));
  const { send, receive } = noise.split();
  return { raw, send, receive };
}

function sealed(send: CipherState, plaintext: Uint8Array): Uint8Array {
  return framed(send.encrypt(new Uint8Array(), plaintext));
}

function frame(type: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(5);
  new DataView(header.buffer).setUint32(0, payload.length + 1);
  header[4] = type;
  return concat(header, payload);
}

test.each([
  ['a GET', 'GET /messages HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a POST', 'POST /messages HTTP/1.1\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\n'],
])('F15 %s on the link port is answered, counted and named in one log line', async (_, request) => {
  const raw = await connect();
  raw.stream.write(utf8(request));
  await rig.settle();
  expect(raw.closed).toBe(true);
  expect(parseUtf8(concat(...raw.received))).toMatch(/^HTTP\/1.1 400 [\s\S]*link port/);
  expect(node.network.counters()['http-on-link-port']).toBe(1);
  expect(node.warnings).toHaveLength(1);
  expect(node.warnings[0]?.message).toContain('HTTP');
  expect(node.warnings[0]?.fields).toMatchObject({ reason: 'http-on-link-port' });
});

test.each([
  ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1)],
  ['SSH', utf8('SSH-2.0-OpenSSH_9.6\r\n')],
  ['an unknown protocol', Uint8Array.of(255, 255, 1)],
  ['an unknown protocol', new Uint8Array(100)],
])('F15 %s on the link port is a bad handshake with one log line', async (name, bytes) => {
  const raw = await connect();
  raw.stream.write(bytes);
  await rig.settle();
  expect(raw.closed).toBe(true);
  expect(node.network.counters()['bad-handshake']).toBe(1);
  expect(node.warnings).toHaveLength(1);
  expect(node.warnings[0]?.fields).toMatchObject({ detail: name });
});

test('F15 a protocol that arrives byte by byte is named all the same', async () => {
  const raw = await connect();
  for (const byte of utf8('GET / HTTP/1.1\r\n')) {
    raw.stream.write(Uint8Array.of(byte));
    await rig.settle();
  }
  expect(node.network.counters()['http-on-link-port']).toBe(1);
});

test('a connection that says nothing is ended after the handshake deadline', async () => {
  const raw = await connect();
  await rig.advance(limits.handshakeMs - 1);
  expect(raw.closed).toBe(false);
  await rig.advance(1);
  expect(raw.closed).toBe(true);
  expect(node.network.counters()['handshake-timeout']).toBe(1);
});

test('a connection that drips bytes meets the same deadline', async () => {
  const raw = await connect();
  raw.stream.write(Uint8Array.of(0));
  for (let i = 0; i < 10; i++) {
    await rig.advance(limits.handshakeMs / 10);
    raw.stream.write(Uint8Array.of(48));
  }
  expect(node.network.counters()['handshake-timeout']).toBe(1);
});

test('a port scan is counted and writes no warning', async () => {
  const raw = await connect();
  raw.stream.end();
  await rig.settle();
  expect(node.network.counters()['handshake-closed']).toBe(1);
  expect(node.warnings).toEqual([]);
});

test('connections above the bound of one address are refused, another address is served', async () => {
  for (let i = 0; i < limits.unauthenticatedOfAddressMax; i++) await connect('crowd');
  const one = await connect('crowd');
  await rig.settle();
  expect(one.closed).toBe(true);
  expect(node.network.counters()['too-many-connections-of-address']).toBe(1);
  const friend = rig.silentNode(0);
  rig.dial(friend, node);
  await rig.settle();
  expect(friend.network.peers()[0]?.state).toBe('connected');
});

test('connections above the bound in all are refused, and places come back', async () => {
  const crowd = Array.from({ length: limits.unauthenticatedMax }, (_, i) => connect(`host${i}`));
  await Promise.all(crowd);
  const one = await connect('late');
  await rig.settle();
  expect(one.closed).toBe(true);
  expect(node.network.counters()['too-many-connections']).toBe(1);
  await rig.advance(limits.handshakeMs);
  const friend = rig.silentNode(0);
  rig.dial(friend, node);
  await rig.settle();
  expect(friend.network.peers()[0]?.state).toBe('connected');
});

test('a storm of one fault writes one line in a while, and counts each', async () => {
  for (let i = 0; i < 50; i++) {
    const raw = await connect();
    raw.stream.write(utf8('GET / HTTP/1.1\r\n\r\n'));
    await rig.settle();
  }
  expect(node.network.counters()['http-on-link-port']).toBe(50);
  expect(node.warnings).toHaveLength(1);
  await rig.advance(limits.logQuietMs);
  (await connect()).stream.write(utf8('GET / HTTP/1.1\r\n\r\n'));
  await rig.settle();
  expect(node.warnings).toHaveLength(2);
  expect(node.warnings[1]?.fields).toMatchObject({ unlogged: 49 });
});

describe('F14 another key at the address', () => {
  test('is detected and named, and no frame is ever exchanged', async () => {
    const dialer = rig.silentNode(0);
    dialer.network.addPeer({ pk: identityAt(5).publicKey, ...node.endpoint });
    await rig.settle();
    const [state] = dialer.network.peers();
    expect(state).toMatchObject({ state: 'refused', link: undefined });
    expect(state?.reason).toContain('another key (or no skychat-node) answers at this address');
    expect(dialer.network.counters()['wrong-key']).toBe(1);
    expect(dialer.warnings).toHaveLength(1);
    expect(node.network.counters()['other-key-expected']).toBe(1);
    expect([...dialer.links, ...node.links]).toEqual([]);
    await rig.advance(limits.refusedRetryMsMin - 1);
    expect(dialer.network.counters()['wrong-key']).toBe(1);
  });

  test.each([
    ['an HTTP server', utf8('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['an SSH server', utf8('SSH-2.0-x\r\n')],
    ['an echo of the dialer', undefined],
    ['a forged second message', framed(new Uint8Array(48).fill(9))],
    ['an empty message', Uint8Array.of(0, 0)],
  ])('is told apart from no answer: %s', async (_, answer) => {
    const endpoint = { host: 'foreign', port: 80 };
    await rig.hub.host('foreign').listen(endpoint, (stream) => {
      stream.handler = {
        onData: (bytes) => {
          stream.write(answer ?? bytes);
        },
        onDrain: () => undefined,
        onClose: () => undefined,
      };
    });
    const dialer = rig.silentNode(0);
    dialer.network.addPeer({ pk: node.pk, ...endpoint });
    await rig.settle();
    expect(dialer.network.peers()[0]?.state).toBe('refused');
    expect(dialer.network.counters()['wrong-key']).toBe(1);
  });

  test('a connection that is closed without an answer is waited for, not taken for a stranger', async () => {
    const endpoint = { host: 'proxy', port: 80 };
    await rig.hub.host('proxy').listen(endpoint, (stream) => {
      stream.end();
    });
    const dialer = rig.silentNode(0);
    dialer.network.addPeer({ pk: node.pk, ...endpoint });
    await rig.settle();
    expect(dialer.network.peers()[0]).toMatchObject({ state: 'waiting' });
    expect(dialer.network.counters()['handshake-closed']).toBe(1);
  });

  test('a peer that accepts and never answers meets the handshake deadline', async () => {
    const endpoint = { host: 'mute', port: 80 };
    await rig.hub.host('mute').listen(endpoint, () => undefined);
    const dialer = rig.silentNode(0);
    dialer.network.addPeer({ pk: node.pk, ...endpoint });
    await rig.advance(limits.handshakeMs);
    expect(dialer.network.peers()[0]).toMatchObject({ state: 'waiting' });
    expect(dialer.network.counters()['handshake-timeout']).toBe(1);
  });
});

describe('the identity in the third message', () => {
  test('is accepted where it is the proved one', async () => {
    node.allowed.add(identityAt(0).publicKey);
    await shake(identityAt(0));
    await rig.settle();
    expect(node.only.link.peer).toBe(identityAt(0).publicKey);
  });

  test.each([
    ['another identity', publicKeyBytes(identityAt(3).publicKey)],
    ['the node itself', publicKeyBytes(identityAt(1).publicKey)],
    ['a point of small order', Uint8Array.of(1, ...new Uint8Array(31))],
    ['no point', new Uint8Array(32).fill(255)],
  ])('is refused where it is %s', async (_, claim) => {
    node.allowed.add(identityAt(0).publicKey);
    node.allowed.add(identityAt(3).publicKey);
    const { raw } = await shake(identityAt(0), node, claim);
    await rig.settle();
    expect(raw.closed).toBe(true);
    expect(node.links).toEqual([]);
    expect(node.network.counters()['bad-identity']).toBe(1);
  });

  test('−A, which shares its X25519 key with A, is a different identity', async () => {
    const claim = publicKeyBytes(identityAt(0).publicKey);
    claim[31] = (claim[31] ?? 0) ^ 128;
    node.allowed.add(identityAt(0).publicKey);
    await shake(identityAt(0), node, claim);
    await rig.settle();
    // It is proved, but it is not A, and only A is allowed.
    expect(node.links).toEqual([]);
    expect(node.network.counters()['not-allowed']).toBe(1);
  });

  test('a node that proves our own key is refused', async () => {
    await shake(identityAt(1));
    await rig.settle();
    expect(node.network.counters()['own-key']).toBe(1);
  });
});

describe('bytes of an admitted peer that are no frames', () => {
  const accepted = frame(1, new Uint8Array());
  test.each([
    ['a frame of no length', new Uint8Array(5), 'bad-frame'],
    ['a frame above the bound', Uint8Array.of(0, 16, 0, 1, 16), 'bad-frame'],
    ['an acceptance from the dialer', accepted, 'bad-frame'],
    ['a ping of another length', frame(2, new Uint8Array(7)), 'bad-frame'],
    ['a reason with control characters', frame(4, utf8('\u001b[2J')), 'bad-frame'],
    ['a reason that is too long', frame(4, utf8('x'.repeat(65))), 'bad-frame'],
    ['a reason that is no UTF-8', frame(4, Uint8Array.of(255)), 'bad-frame'],
  ])('%s ends the link', async (_, plaintext, reason) => {
    node.allowed.add(identityAt(0).publicKey);
    const { raw, send } = await shake(identityAt(0));
    raw.stream.write(sealed(send, plaintext));
    await rig.settle();
    expect(node.links[0]?.closed).toBe(reason);
    expect(node.network.counters()['bad-frame']).toBe(1);
  });

  test('a damaged message ends the link and hands on nothing', async () => {
    node.allowed.add(identityAt(0).publicKey);
    const { raw, send } = await shake(identityAt(0));
    const message = sealed(send, frame(16, utf8('hello')));
    message[10] = (message[10] ?? 0) ^ 1;
    raw.stream.write(message);
    await rig.settle();
    expect(node.links[0]).toMatchObject({ closed: 'not-authentic', frames: [] });
    expect(node.network.counters()['not-authentic']).toBe(1);
  });

  test('the key changes after every 65,536 messages', async () => {
    node.allowed.add(identityAt(0).publicKey);
    const { raw, send } = await shake(identityAt(0));
    for (let i = 0; i < rekeyMessages; i++)
      raw.stream.write(sealed(send, frame(16, new Uint8Array())));
    send.rekey();
    raw.stream.write(sealed(send, frame(17, new Uint8Array())));
    await rig.settle();
    expect(node.only.frames.at(-1)?.type).toBe(17);
    raw.stream.destroy();
    await rig.settle();
  }, 20_000);

  test('a link frame of a later version is passed over', async () => {
    node.allowed.add(identityAt(0).publicKey);
    const { raw, send } = await shake(identityAt(0));
    raw.stream.write(sealed(send, concat(frame(9, utf8('?')), frame(16, utf8('hello')))));
    await rig.settle();
    expect(node.only.frames).toHaveLength(1);
  });

  test('pings that nobody waits for are answered one by one', async () => {
    node.allowed.add(identityAt(0).publicKey);
    const { raw, send, receive } = await shake(identityAt(0));
    await rig.settle();
    const ping = frame(2, utf8('12345678'));
    raw.stream.write(sealed(send, concat(ping, ping)));
    await rig.settle();
    const opened = raw.received.map((message) =>
      receive.decrypt(new Uint8Array(), message.subarray(2)),
    );
    expect(opened).toHaveLength(2);
    const pong = frame(3, utf8('12345678'));
    expect(opened.at(-1)).toEqual(concat(pong, pong));
  });

  test('frames that come before the link is in use are held within a bound', async () => {
    node.allowed.add(identityAt(0).publicKey);
    await shake(identityAt(0));
    await rig.settle();
    const first = node.only;
    rig.hub.connections[0]?.stall('dialer');
    const { raw, send } = await shake(identityAt(0));
    for (let sent = 0; sent <= limits.heldBytesMax; sent += 60_000) {
      raw.stream.write(sealed(send, frame(16, new Uint8Array(60_000))));
    }
    await rig.settle();
    expect(raw.closed).toBe(true);
    expect(first.closed).toBeUndefined();
    expect(node.network.counters()['bad-frame']).toBe(1);
    await rig.advance(limits.probeMs);
    expect(first.closed).toBeUndefined();
    rig.hub.connections[0]?.resume();
  });
});

describe('a responder of the right key', () => {
  /** Lets node 0 dial a responder in the hands of the test, which holds the key of node 7. */
  async function rogue(afterwards: (send: CipherState, stream: ByteStream) => void) {
    const own = identityAt(7).linkKeys;
    const endpoint = { host: 'rogue', port: 7 };
    await rig.hub.host('rogue').listen(endpoint, (stream) => {
      const noise = new HandshakeState({ crypto, pattern: 'XK', initiator: false, prologue, own });
      let turn = 0;
      const onData = (bytes: Uint8Array): void => {
        turn++;
        if (turn > 2) return;
        bytesOf(noise.read(bytes.subarray(2, turn === 1 ? 50 : 98)));
        if (turn === 2) afterwards(noise.split().send, stream);
        else stream.write(framed(bytesOf(noise.write(new Uint8Array()))));
      };
      stream.handler = { onData, onDrain: () => undefined, onClose: () => undefined };
    });
    const dialer = rig.silentNode(0);
    dialer.network.addPeer({ pk: identityAt(7).publicKey, ...endpoint });
    await rig.settle();
    return dialer;
  }
  const acceptance = frame(1, new Uint8Array());
  const hello = frame(16, utf8('hello'));

  test('may accept and send in one message', async () => {
    const dialer = await rogue((send, stream) => {
      stream.write(sealed(send, concat(acceptance, hello)));
    });
    expect(dialer.only.frames).toHaveLength(1);
  });

  test('that sends frames before it has accepted loses the link', async () => {
    const dialer = await rogue((send, stream) => {
      stream.write(sealed(send, concat(hello, acceptance)));
    });
    expect(dialer.links[0]).toMatchObject({ closed: 'bad-frame', frames: [] });
  });

  test('that accepts twice loses the link', async () => {
    const dialer = await rogue((send, stream) => {
      stream.write(sealed(send, concat(acceptance, acceptance)));
    });
    expect(dialer.links[0]?.closed).toBe('bad-frame');
  });

  test('that neither accepts nor refuses is not waited for without end', async () => {
    const dialer = await rogue(() => undefined);
    expect(dialer.network.peers()[0]?.state).toBe('dialing');
    await rig.advance(limits.acceptMs);
    expect(dialer.links[0]?.closed).toBe('not-accepted');
    expect(dialer.network.counters()['not-accepted']).toBe(1);
  });

  test.each([
    ['refuses ours, has its own link taken', frame(4, utf8('changed-my-mind')), false],
    ['accepts ours, has its own link refused', acceptance, true],
  ])('that is slow to decide, dials itself and then %s', async (_, decision, ours) => {
    // The dialed link is the preferred one, so the other is held until it is decided.
    const decide: (() => void)[] = [];
    const dialer = await rogue((send, stream) => {
      stream.handler = {
        onData: () => {
          // A sign of life that asks for no answer.
          stream.write(sealed(send, frame(3, utf8('12345678'))));
        },
        onDrain: () => undefined,
        onClose: () => undefined,
      };
      decide.push(() => {
        stream.write(sealed(send, decision));
      });
    });
    await dialer.listen();
    const { raw } = await shake(identityAt(7), dialer);
    await rig.advance(limits.probeMs);
    expect(raw.closed).toBe(false);
    expect(dialer.open).toHaveLength(1);
    decide[0]?.();
    await rig.settle();
    expect(dialer.links[0]?.closed).toBe(ours ? undefined : 'changed-my-mind');
    expect(dialer.only.link.initiator).toBe(ours);
    expect(raw.closed).toBe(ours);
  });

  test('that gives an unknown reason is quoted, and tried again like any lost peer', async () => {
    const dialer = await rogue((send, stream) => {
      stream.write(sealed(send, frame(4, utf8('out-of-coffee'))));
    });
    const [state] = dialer.network.peers();
    expect(state?.state).toBe('waiting');
    expect(state?.reason).toContain('the peer ended the link: out-of-coffee');
  });
});

test('links in all are bounded, while a dialed peer always has its place', async () => {
  const seeds = Array.from({ length: limits.linksMax + 1 }, (_, i) => {
    const seed = new Uint8Array(32).fill(200);
    new DataView(seed.buffer).setUint32(0, i);
    return seed;
  });
  const friend = await rig.node(0);
  for (const seed of seeds) {
    const identity = identityOfSeed(seed);
    node.allowed.add(identity.publicKey);
    await shake(identity);
    await rig.settle();
  }
  expect(node.open).toHaveLength(limits.linksMax);
  expect(node.network.counters()['too-many-links']).toBe(1);
  rig.dial(node, friend);
  await rig.settle();
  expect(node.open).toHaveLength(limits.linksMax + 1);
  // Of those that leave, a bounded number is remembered.
  for (const { stream } of raws) stream.destroy();
  await rig.settle();
  expect(node.network.peers()).toHaveLength(limits.inboundPeersMax + 1);
}, 20_000);

describe('fuzz', () => {
  test('random bytes never throw, and always end the stream with a counted reason', async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (parts, plausible) => {
        const before = total(node.network.counters());
        const raw = await connect();
        if (plausible) raw.stream.write(Uint8Array.of(0, 48));
        for (const part of parts) raw.stream.write(part);
        await rig.advance(limits.handshakeMs);
        expect(raw.closed).toBe(true);
        expect(total(node.network.counters())).toBe(before + 1);
      }),
      { numRuns: 100 },
    );
    expect(node.links).toEqual([]);
  });

  test('a handshake with any flipped bit ends both sides with counted reasons', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(97), fc.nat(7), async (byDialer, at, bit) => {
        const own = new Rig();
        const responder = await own.node(1);
        const flipping = new FlippingTransport(own.hub.host('node0'), byDialer, at, bit);
        const dialer = own.silentNode(0, 'node0', flipping);
        own.dial(dialer, responder);
        await own.advance(limits.handshakeMs + limits.acceptMs);
        dialer.network.removePeer(responder.pk);
        expect(flipping.flipped).toBe(true);
        expect(total(dialer.network.counters())).toBeGreaterThan(0);
        expect([...dialer.links, ...responder.links].some(({ frames }) => frames.length > 0)).toBe(
          false,
        );
        await own.close();
        expect(own.time.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

/** Flips one bit of what one side sends on the first connection, at an offset from its beginning. */
class FlippingTransport implements Transport {
  flipped = false;
  readonly #inner: Transport;
  readonly #byDialer: boolean;
  readonly #bit: number;
  #offset: number;

  constructor(inner: Transport, byDialer: boolean, at: number, bit: number) {
    this.#inner = inner;
    this.#byDialer = byDialer;
    // What a responder sends in a handshake is shorter.
    this.#offset = byDialer ? at : at % 50;
    this.#bit = bit;
  }

  listen: Transport['listen'] = (endpoint, onStream) => this.#inner.listen(endpoint, onStream);

  dial: Transport['dial'] = async (endpoint, signal) => {
    const stream = await this.#inner.dial(endpoint, signal);
    const flip = (bytes: Uint8Array): Uint8Array => this.#flip(bytes);
    const byDialer = this.#byDialer;
    return {
      remote: stream.remote,
      get queuedBytes() {
        return stream.queuedBytes;
      },
      write: (bytes) => {
        stream.write(byDialer ? flip(bytes) : bytes);
      },
      end: () => {
        stream.end();
      },
      destroy: () => {
        stream.destroy();
      },
      get handler() {
        return stream.handler;
      },
      set handler(handler) {
        stream.handler = handler && {
          ...handler,
          onData: (bytes) => {
            handler.onData(byDialer ? bytes : flip(bytes));
          },
        };
      },
    };
  };

  #flip(bytes: Uint8Array): Uint8Array {
    const at = this.#offset;
    this.#offset -= bytes.length;
    if (this.flipped || at >= bytes.length) return bytes;
    this.flipped = true;
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << this.#bit);
    return changed;
  }
}
