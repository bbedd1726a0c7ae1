// Networks in one process over the memory transport, with manual time: what most net tests need.
import { systemRandom, type Logger } from '../../src/env.ts';
import { identityOfSeed, type Identity, type PublicKey } from '../../src/identity.ts';
import { formatEndpoint } from '../../src/net/address.ts';
import { MemoryNetwork } from '../../src/net/memory.ts';
import { Network } from '../../src/net/network.ts';
import type { LinkWatcher } from '../../src/net/peer.ts';
import type { Endpoint, Link, Transport } from '../../src/net/transport.ts';
import { ManualTime } from './net-time.ts';

/** Identities in the order of their public keys, so that `identities[0]` is the lower key. */
export const identities: readonly Identity[] = Array.from({ length: 12 }, (_, n) =>
  identityOfSeed(new Uint8Array(32).fill(n + 1)),
).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1));

export function identityAt(index: number): Identity {
  const identity = identities[index];
  if (identity === undefined) throw new Error('no identity of this number');
  return identity;
}

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export function recordingLogger(lines: LoggedLine[]): Logger {
  const at = (level: LoggedLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Everything that one link told its owner. */
export interface SeenLink {
  readonly link: Link;
  readonly frames: { type: number; payload: Uint8Array }[];
  drains: number;
  closed: string | undefined;
}

export class RigNode {
  readonly name: string;
  readonly identity: Identity;
  readonly network: Network;
  readonly links: SeenLink[] = [];
  readonly lines: LoggedLine[] = [];
  readonly allowed = new Set<PublicKey>();
  /** What the watcher of links was told, a line each. */
  readonly watched: string[] = [];
  /** Is told the same. */
  watcher: LinkWatcher | undefined;
  endpoint: Endpoint;
  /** What happens to each frame, besides being recorded. */
  onFrame: ((seen: SeenLink, type: number, payload: Uint8Array) => void) | undefined;
  onLink: ((link: Link) => void) | undefined;

  constructor(name: string, identity: Identity, transport: Transport, time: ManualTime) {
    this.name = name;
    this.identity = identity;
    this.endpoint = { host: name, port: 7 };
    this.network = new Network({
      identity,
      transport,
      clock: time,
      timers: time,
      random: { bytes: (length) => systemRandom.bytes(length), unit: () => 0.5 },
      logger: recordingLogger(this.lines),
      isAllowed: (pk) => this.allowed.has(pk),
      onLink: (link) => this.#onLink(link),
      watcher: this.#watcher(),
    });
  }

  get pk(): PublicKey {
    return this.identity.publicKey;
  }

  get open(): SeenLink[] {
    return this.links.filter(({ closed }) => closed === undefined);
  }

  /** The only open link. */
  get only(): SeenLink {
    const [link, ...others] = this.open;
    if (link === undefined || others.length > 0) {
      throw new Error(`${this.name} has ${this.open.length} open links`);
    }
    return link;
  }

  get warnings(): LoggedLine[] {
    return this.lines.filter(({ level }) => level === 'warn');
  }

  async listen(): Promise<void> {
    this.endpoint = await this.network.listen(this.endpoint);
  }

  #watcher(): LinkWatcher {
    const told = (...words: readonly string[]): void => {
      this.watched.push(words.join(' '));
    };
    return {
      onLinked: (pk) => {
        told('linked', pk);
        this.watcher?.onLinked(pk);
      },
      onUnlinked: (pk, reason) => {
        told('unlinked', pk, reason);
        this.watcher?.onUnlinked(pk, reason);
      },
      onTried: (pk, failed, refusal) => {
        const each = failed.map(({ endpoint, fault }) => `${formatEndpoint(endpoint)} ${fault}`);
        told('tried', pk, [...each, ...(refusal === undefined ? [] : [refusal])].join(', '));
        this.watcher?.onTried(pk, failed, refusal);
      },
      onSpare: (pk) => {
        told('spare', pk);
        this.watcher?.onSpare(pk);
      },
    };
  }

  #onLink(link: Link): ReturnType<ConstructorParameters<typeof Network>[0]['onLink']> {
    const seen: SeenLink = { link, frames: [], drains: 0, closed: undefined };
    this.links.push(seen);
    this.onLink?.(link);
    return {
      onFrame: (type, payload) => {
        seen.frames.push({ type, payload });
        this.onFrame?.(seen, type, payload);
      },
      onDrain: () => seen.drains++,
      onClose: (reason) => {
        if (seen.closed !== undefined) throw new Error('a link that ended twice');
        seen.closed = reason;
      },
    };
  }
}

export class Rig {
  readonly time = new ManualTime();
  readonly hub = new MemoryNetwork();
  readonly nodes: RigNode[] = [];

  /** A node that listens and allows every node made before it, and the other way round. */
  async node(index: number, name = `node${index}`): Promise<RigNode> {
    const node = this.silentNode(index, name);
    await node.listen();
    return node;
  }

  /** The same without a listener. */
  silentNode(index: number, name = `node${index}`, transport = this.hub.host(name)): RigNode {
    const node = new RigNode(name, identityAt(index), transport, this.time);
    for (const other of this.nodes) {
      other.allowed.add(node.pk);
      node.allowed.add(other.pk);
    }
    this.nodes.push(node);
    return node;
  }

  settle(): Promise<void> {
    return this.hub.idle();
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms, () => this.hub.idle());
  }

  dial(from: RigNode, to: RigNode): void {
    from.network.addPeer({ pk: to.pk, ...to.endpoint });
  }

  /** Two listening nodes with a link that the first dialed. */
  async pair(dialer = 0, listener = 1): Promise<[RigNode, RigNode]> {
    const a = await this.node(dialer);
    const b = await this.node(listener);
    this.dial(a, b);
    await this.settle();
    return [a, b];
  }

  async close(): Promise<void> {
    const closed = Promise.all(this.nodes.map(({ network }) => network.close()));
    await this.advance(2_000);
    await closed;
  }
}

/** `size` bytes that tell their place. */
export function patterned(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + (i >> 8);
  return bytes;
}
