// What the simulation asks of the links between nodes, whether frames are carried by the simulation
// itself or by the production net layer over simulated streams. Interfaces only.
import type { PublicKey } from '../../src/identity.ts';
import type { Event } from '../../src/sync/events.ts';
import type { CreditWatch } from './credit-watch.ts';
import type { SimTimers } from './timeline.ts';
import type { Identity } from '../../src/identity.ts';

/** What a link ends at: a node, or somebody who pretends to be one. */
export interface SimEnd {
  readonly name: string;
  readonly options: { readonly identity: Identity };
  readonly key: PublicKey;
  readonly running: boolean;
  readonly isHonest: boolean;
  readonly timers: SimTimers;
  /** Microseconds. */
  readonly wall: number;
  /** Of links that are open to it, by the numbers that it knows them by. */
  readonly links: Set<number>;
  handle(event: Event): void;
}

export interface Faults {
  /** Probabilities for each frame; streams lose, repeat and reorder nothing. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
  /** Milliseconds, at least and at most. */
  readonly delay: readonly [number, number];
  /** Probability that the delay is up to a thousand times as long. */
  readonly tail: number;
  /** Probability, for each frame or write, that the link breaks and loses what is on its way. */
  readonly breaking: number;
  /** Probability, for each write to a stream, that nothing passes over it any more. */
  readonly dying: number;
}

export const noFaults: Faults = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  delay: [0.1, 2],
  tail: 0,
  breaking: 0,
  dying: 0,
};

/** Returns false for a frame that is to be lost. */
export type FrameFilter = (from: SimEnd, frameType: number, payload: Uint8Array) => boolean;

/** Told of every frame as it is sent and as it arrives. */
export interface FrameListener {
  sent(from: SimEnd, frameType: number, payload: Uint8Array): void;
  arrives(from: SimEnd, to: SimEnd, frameType: number, payload: Uint8Array): void;
}

export interface Partition {
  readonly sides: ReadonlyMap<SimEnd, number>;
  /** Nothing passes from side 0 to side 1; the other way it does. */
  readonly isOneWay: boolean;
}

export interface Links {
  readonly credit: CreditWatch;
  /** Frames of each type since it was last emptied. */
  readonly types: Map<number, number>;
  readonly frames: number;
  readonly bytes: number;
  faults: Faults;
  /** Who is not heard by anybody. */
  readonly muted: Set<SimEnd>;
  /** Keeps the two linked from now on. */
  connect(a: SimEnd, b: SimEnd): void;
  /** The end runs (again). */
  up(end: SimEnd): void;
  /** The end crashed: its links are gone. */
  down(end: SimEnd): void;
  /** Takes an end out of the network for good; resolves when it has let go of everything. */
  remove(end: SimEnd): Promise<void>;
  /** Nodes on different sides cannot reach each other; undefined heals it. */
  partition(partition: Partition | undefined): void;
  /** Nothing that was sent to the end arrives for a while, and then all of it: it reads slowly. */
  clog(end: SimEnd, ms: number): void;
  send(from: SimEnd, link: number, frameType: number, payload: Uint8Array): void;
  /** What an engine asks for. */
  close(from: SimEnd, link: number, reason: string, ban: boolean): void;
}

/** Milliseconds that one frame or one piece of a stream takes. */
export function drawDelay(faults: Faults, random: { unit(): number }): number {
  const [low, high] = faults.delay;
  const delay = low + random.unit() * (high - low);
  if (faults.tail === 0 || random.unit() >= faults.tail) return delay;
  // Pareto: half of the tails are up to 2 times as long, one in a thousand up to a thousand times.
  return Math.min(10_000, delay / Math.max(0.001, random.unit()));
}
