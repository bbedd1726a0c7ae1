// What happens in one simulation of groups: who is there, which groups, how much of everything.
import { noFaults, type Faults } from '../links.ts';
import { SeededRandom } from '../random.ts';

export interface GroupPlan {
  readonly encrypted: boolean;
  /** At the start, the founder among them. */
  readonly members: number;
  /** Of these besides the founder. */
  readonly admins: number;
}

export interface GroupSchedule {
  readonly seed: number;
  /** In the room; those of no group carry what they cannot read. */
  readonly nodes: number;
  /** Nodes that, once removed, go on with all that they have. */
  readonly hostiles: number;
  readonly groups: readonly GroupPlan[];
  /** Whether two nodes talk alone. */
  readonly direct: boolean;
  /** Milliseconds between the healthy beginning and the healing. */
  readonly durationMs: number;
  readonly faults: Faults;
  readonly texts: number;
  /** Edits, deletions and reactions. */
  readonly notes: number;
  /** Roster operations of all kinds. */
  readonly operations: number;
  readonly invites: number;
  readonly crashes: number;
  readonly partitions: number;
  /** Partitions in which two admins remove each other. */
  readonly duels: number;
  /** Times that all clocks go on by more than a week. */
  readonly jumps: number;
  /** Objects after which an epoch is used up. */
  readonly epochObjectsMax: number;
  /** Microseconds that clocks are wrong by, at most. */
  readonly clockErrorMax: number;
}

export const quietGroups: GroupSchedule = {
  seed: 1,
  nodes: 4,
  hostiles: 0,
  groups: [{ encrypted: true, members: 3, admins: 1 }],
  direct: false,
  durationMs: 5000,
  faults: noFaults,
  texts: 10,
  notes: 0,
  operations: 0,
  invites: 0,
  crashes: 0,
  partitions: 0,
  duels: 0,
  jumps: 0,
  epochObjectsMax: 4096,
  clockErrorMax: 0,
};

/** @param nodes how many instead of 6 to 9, and now and then up to 20 */
export function groupScheduleOf(seed: number, nodes?: number): GroupSchedule {
  const random = new SeededRandom(seed ^ 0x6709);
  const count = nodes ?? (random.chance(0.06) ? 10 + random.below(11) : 6 + random.below(4));
  const sometimes = (probability: number, countMax: number): number =>
    random.chance(probability) ? 1 + random.below(countMax) : 0;
  const oneOf = (probability: number, high: number): number =>
    random.chance(probability) ? random.between(0, high) : 0;
  const plan = (encrypted: boolean): GroupPlan => {
    const members = 3 + random.below(count - 3);
    return { encrypted, members, admins: 1 + random.below(Math.min(3, members - 1)) };
  };
  const groups = [plan(true)];
  if (random.chance(0.25)) groups.push(plan(true));
  if (random.chance(0.25)) groups.push(plan(false));
  return {
    ...{ seed, nodes: count, groups },
    hostiles: sometimes(0.5, 2),
    direct: random.chance(0.3),
    durationMs: 20_000,
    faults: {
      ...noFaults,
      loss: oneOf(0.4, 0.05),
      duplication: oneOf(0.4, 0.1),
      reordering: oneOf(0.4, 0.2),
      delay: [0.1, random.chance(0.3) ? 400 : 20],
      tail: oneOf(0.3, 0.1),
      breaking: oneOf(0.4, 0.005),
    },
    texts: 15 + random.below(40),
    notes: random.below(12),
    operations: 8 + random.below(24),
    invites: random.below(4),
    crashes: random.below(5),
    partitions: 1 + random.below(3),
    duels: sometimes(0.6, 2),
    jumps: sometimes(0.3, 2),
    epochObjectsMax: random.chance(0.4) ? 10 + random.below(40) : 4096,
    clockErrorMax: random.chance(0.85) ? 1_000_000 : 300_000_000,
  };
}
