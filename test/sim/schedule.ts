// What happens in one simulation: how many nodes, posts and faults of each kind.
import { noFaults, type Faults } from './links.ts';
import { SeededRandom } from './random.ts';
import type { StoreKind } from './storage.ts';

export interface Schedule {
  readonly seed: number;
  readonly nodes: number;
  /** Nodes that post, the first ones. */
  readonly authors: number;
  /** Members that keep to no protocol. */
  readonly liars: number;
  /** How the nodes are linked: in a line, each with each, or each with 6 to 8 others. */
  readonly shape: 'line' | 'mesh' | 'random';
  /** Whether the simulation carries frames, or the production net layer does over streams. */
  readonly carrier: 'frames' | 'streams';
  readonly store: StoreKind;
  readonly posts: number;
  /** Posts of up to 200 kB. */
  readonly largePosts: number;
  /** Milliseconds of faults before the mesh is healed. */
  readonly durationMs: number;
  readonly faults: Faults;
  readonly crashes: number;
  readonly partitions: number;
  /** Of these, those in which one side still hears the other. */
  readonly oneWays: number;
  /** Spells in which nobody hears a node that still hears the others. */
  readonly mutes: number;
  /** Spells in which nothing reaches a node, and all of it afterwards. */
  readonly clogs: number;
  readonly fullDisks: number;
  /** Disks that are put back to an older state. */
  readonly restores: number;
  /** Microseconds that clocks are wrong by, at most. */
  readonly clockErrorMax: number;
  /** Times that a clock is set, forward or back, while its node runs. */
  readonly clockSteps: number;
  /** Messages that their authors delete. */
  readonly deletions: number;
  /** Nodes that do not keep others' messages for long, the last ones. */
  readonly retainers: number;
}

/** No faults at all. */
export const quiet: Schedule = {
  seed: 1,
  nodes: 3,
  authors: 3,
  liars: 0,
  shape: 'line',
  carrier: 'frames',
  store: 'memory',
  posts: 60,
  largePosts: 0,
  durationMs: 5000,
  faults: noFaults,
  crashes: 0,
  partitions: 0,
  oneWays: 0,
  mutes: 0,
  clogs: 0,
  fullDisks: 0,
  restores: 0,
  clockErrorMax: 0,
  clockSteps: 0,
  deletions: 0,
  retainers: 0,
};

const hourMicros = 3_600_000_000;

/**
 * A schedule of everything at once, drawn from the seed.
 * @param nodes how many nodes instead of 3 to 5, and now and then 10 to 30
 */
export function scheduleOf(seed: number, nodes?: number): Schedule {
  const random = new SeededRandom(seed ^ 0x5eed);
  const count = nodes ?? (random.chance(0.04) ? 10 + random.below(21) : 3 + random.below(3));
  const isLarge = count > 8;
  const isStreams = count <= 12 && random.chance(0.4);
  const isLossless = isStreams || random.chance(0.3);
  const sometimes = (probability: number, countMax: number): number =>
    random.chance(probability) ? 1 + random.below(countMax) : 0;
  const oneOf = (probability: number, high: number): number =>
    random.chance(probability) ? random.between(0, high) : 0;
  const drawn: Omit<Schedule, 'deletions' | 'retainers'> = {
    ...{ seed, nodes: count, authors: Math.min(count, 100) },
    shape: isLarge ? 'random' : random.chance(0.5) ? 'line' : 'mesh',
    carrier: isStreams ? 'streams' : 'frames',
    store: count > 60 ? 'lean' : isLarge || random.chance(0.25) ? 'memory' : 'level',
    posts: (20 + random.below(isLarge ? 60 : 120)) * (count > 60 ? 5 : 1),
    durationMs: 20_000,
    faults: {
      loss: isLossless ? 0 : oneOf(0.7, 0.1),
      duplication: isLossless ? 0 : oneOf(0.7, 0.1),
      reordering: isLossless ? 0 : oneOf(0.7, 0.2),
      delay: [0.1, random.chance(0.3) ? 400 : 20],
      tail: oneOf(0.4, 0.1),
      breaking: oneOf(0.5, 0.01),
      dying: isStreams ? oneOf(0.3, 0.002) : 0,
    },
    crashes: random.below(6),
    partitions: random.below(3),
    oneWays: sometimes(0.4, 2),
    clockErrorMax: clockErrorOf(random, isStreams),
    clockSteps: sometimes(0.3, 4),
    mutes: sometimes(0.3, 2),
    clogs: sometimes(0.4, 4),
    fullDisks: sometimes(0.3, 3),
    restores: count > 60 ? 0 : sometimes(0.25, 3),
    liars: sometimes(0.3, isLarge ? 3 : 2),
    largePosts: sometimes(0.1, isLarge ? 5 : 40),
  };
  // What a lost disk or a liar has forgotten, nobody else may have any more.
  const isSure = drawn.restores + drawn.liars === 0 && count <= 60;
  const deletions = sometimes(0.4, 12);
  const retainers = sometimes(0.5, 2);
  return {
    ...drawn,
    deletions: isSure ? deletions : 0,
    // Where each is linked with each, the authors can be asked for what others do not keep.
    retainers: isSure && drawn.shape === 'mesh' ? retainers : 0,
  };
}

/** The links of the net layer look at their counters each second: hours of them take long. */
function clockErrorOf(random: SeededRandom, isStreams: boolean): number {
  if (random.chance(0.8)) return 1_000_000;
  return (isStreams ? 0.25 : random.chance(0.2) ? 3 : 1) * hourMicros;
}
