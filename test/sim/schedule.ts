// What happens in one simulation: how many nodes, posts and faults of each kind.
import { SeededRandom } from './random.ts';
import { noFaults, type Faults } from './network.ts';

export interface Schedule {
  readonly seed: number;
  readonly nodes: number;
  /** Members that keep to no protocol. */
  readonly liars: number;
  /** How the nodes are linked: in a line, or each with each. */
  readonly shape: 'line' | 'mesh';
  readonly posts: number;
  /** Posts of up to 200 kB. */
  readonly largePosts: number;
  /** Milliseconds of faults before the mesh is healed. */
  readonly durationMs: number;
  readonly faults: Faults;
  readonly crashes: number;
  readonly partitions: number;
  /** Spells in which nobody hears a node that still hears the others. */
  readonly mutes: number;
  /** Spells in which nothing reaches a node, and all of it afterwards. */
  readonly clogs: number;
  readonly fullDisks: number;
  /** Disks that are put back to an older state. */
  readonly restores: number;
  /** Microseconds that clocks are wrong by, at most. */
  readonly clockErrorMax: number;
}

/** No faults at all. */
export const quiet: Schedule = {
  seed: 1,
  nodes: 3,
  liars: 0,
  shape: 'line',
  posts: 60,
  largePosts: 0,
  durationMs: 5000,
  faults: noFaults,
  crashes: 0,
  partitions: 0,
  mutes: 0,
  clogs: 0,
  fullDisks: 0,
  restores: 0,
  clockErrorMax: 0,
};

/** A schedule of everything at once, drawn from the seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new SeededRandom(seed ^ 0x5eed);
  const sometimes = (probability: number, countMax: number): number =>
    random.chance(probability) ? 1 + random.below(countMax) : 0;
  return {
    seed,
    nodes: 3 + random.below(3),
    shape: random.chance(0.5) ? 'line' : 'mesh',
    posts: 20 + random.below(120),
    durationMs: 20_000,
    faults: {
      loss: random.chance(0.5) ? random.between(0, 0.1) : 0,
      duplication: random.chance(0.5) ? random.between(0, 0.1) : 0,
      reordering: random.chance(0.5) ? random.between(0, 0.2) : 0,
      delay: [0.1, random.chance(0.3) ? 400 : 20],
      breaking: random.chance(0.5) ? random.between(0, 0.01) : 0,
    },
    crashes: random.below(6),
    partitions: random.below(3),
    clockErrorMax: random.chance(0.3) ? 3_600_000_000 : 1_000_000,
    mutes: sometimes(0.3, 2),
    clogs: sometimes(0.4, 4),
    fullDisks: sometimes(0.3, 3),
    restores: sometimes(0.25, 3),
    liars: sometimes(0.25, 2),
    largePosts: sometimes(0.1, 40),
  };
}
