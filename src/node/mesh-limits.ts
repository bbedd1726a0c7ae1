// Bounds of the mesh and its pauses, each with its reason. Numbers only.

export const meshLimits = {
  /** Below it a node looks for more. Random graphs of this degree stay whole when any third fails. */
  linksMin: 6,
  /** Above it a node asks others to spare a link: each costs a copy of what is new and keepalives. */
  linksMax: 8,
  /** Attempts at once: enough to find the few that answer among many that do not. */
  dialingMax: 4,
  /** Configured peers come first after a start. */
  startMs: 500,
  /** Addresses come in bursts, when a feed or a room arrives. */
  gatherMs: 50,
  /** How long the other end may look for another link before it spares the one that it is asked for. */
  standingMs: 10_000,
  /** Longer than that by a slow round trip, so that no link is ended that the asker counts again. */
  askMs: 15_000,
  /** A key that has parted with a link is dialed last for so long. */
  partedMs: 600_000,
  partedMax: 1_024,
  /** Keys that were lost or not found, which are looked for while there are links enough. */
  missingMax: 64,
} as const;

/** Milliseconds to wait after the first failure and at most; between them it doubles each time. */
export const pauses = {
  /** An address where nobody answers. */
  unreachable: [30_000, 3_600_000],
  /** An address where another key answers: it was given to somebody else. */
  'wrong-key': [3_600_000, 21_600_000],
  /** A key that does not take this node: often it only has not heard yet that it may. */
  refused: [2_000, 3_600_000],
  /** A key, however often it publishes new addresses. */
  tried: [2_000, 2_000],
  /** A key that has just parted with a link. */
  surplus: [2_000, 2_000],
  /** A link that the other end could not spare. */
  kept: [10_000, 3_600_000],
  /** One link more, so that another can be spared: in vain where few can be dialed by many. */
  extra: [2_000, 86_400_000],
  /** A search for one that was lost, while there are links enough. */
  search: [30_000, 3_600_000],
} as const satisfies Record<string, readonly [min: number, max: number]>;

export type Pause = keyof typeof pauses;

/** Things that wait; the one that failed first is forgotten first. */
export const pausedMax = 8_192;
/** Without a failure for so long, the next one is the first. */
export const cleanMs = 24 * 3_600_000;
