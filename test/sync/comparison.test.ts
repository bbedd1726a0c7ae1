// Two engines compare many feeds: what it costs, what both know afterwards, and what a peer that
// never stops may cost. Feeds stand in the engines' states; nobody's roots are on a disk.
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import type { FeedState } from '../../src/cxo/feed.ts';
import { sha256, type RootId } from '../../src/cxo/ids.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../../src/identity.ts';
import type { Effect, Now } from '../../src/sync/events.ts';
import { encodeFrame, parseFrame } from '../../src/sync/frame-codec.ts';
import type { Frame } from '../../src/sync/frames.ts';
import { Gossip, type GossipOptions } from '../../src/sync/gossip.ts';
import { openGroups } from '../../src/sync/groups.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import { boundBytesMax, everything } from '../../src/sync/ranges.ts';
import { testIdentity } from '../support/feeds.ts';
import { group, linked, Peer, Rig, startWall, type FrameOf } from './rig.ts';

const identities = [testIdentity(0), testIdentity(1)] as const;

const authors: PublicKey[] = [];

function authorOf(number: number): PublicKey {
  return (authors[number] ??= publicKeyOfBytes(sha256(utf8(`author ${number}`))));
}

const roots = Array.from({ length: 6 }, (_, i) => sha256(Uint8Array.of(i)) as RootId);

function stateOf(author: PublicKey, seq: number, branch = 0): FeedState {
  const root = roots[2 * seq + branch];
  return {
    feed: { group, author, head: 0 },
    head: { seq, root, count: seq, time: seq },
    forkedAt: undefined,
  };
}

/** Feeds of many authors, at seq 1 or, where they are ahead, at 2. */
function statesOf(first: number, end: number, ahead: (number: number) => boolean): FeedState[] {
  const states: FeedState[] = [];
  for (let i = first; i < end; i++) states.push(stateOf(authorOf(i), ahead(i) ? 2 : 1));
  return states;
}

interface End {
  readonly gossip: Gossip;
  readonly key: PublicKey;
}

interface Held {
  readonly states: readonly FeedState[];
  readonly forkProofs?: GossipOptions['forkProofs'];
}

function engine(side: 0 | 1, { states, forkProofs = [] }: Held, now: Now): End {
  const identity = identities[side];
  const gossip = new Gossip(
    {
      ...{ identity, agent: 'test', states, held: [], forkProofs },
      ...{ groups: openGroups([group], () => true), labelOf: () => undefined },
      ...{ ownFeedsKnown: true, headMin: 0 },
    },
    now,
  );
  return { gossip, key: identity.publicKey };
}

/** Two engines and the link between them, on which only word is carried: no wants, no segments. */
class Pair {
  readonly now = { wall: startWall, mono: 0 };
  readonly ends: readonly [End, End];
  /** Of all frames that were sent, with their headers. */
  bytes = 0;
  readonly frames: Frame[] = [];
  rounds = 0;
  lost: (frame: Frame) => boolean = () => false;
  /** The most that one side has sent before the other answered. */
  burstBytesMax = 0;

  constructor(a: readonly FeedState[], b: readonly FeedState[], proofs?: Held['forkProofs']) {
    const first = proofs === undefined ? { states: a } : { states: a, forkProofs: proofs };
    this.ends = [engine(0, first, this.now), engine(1, { states: b }, this.now)];
  }

  open(dialer: 0 | 1 = 0): this {
    const opened = { type: 'opened', link: 1, handshakeHash: sha256(utf8('pair')) } as const;
    const [a, b] = this.ends;
    this.#run([
      a.gossip.handle({ ...opened, peer: b.key, initiator: dialer === 0 }, this.now),
      b.gossip.handle({ ...opened, peer: a.key, initiator: dialer === 1 }, this.now),
    ]);
    return this;
  }

  /** Lets time pass until a side compares heads, and carries what follows. */
  check(): void {
    this.now.mono += syncLimits.checkMs;
    const [a, b] = this.ends;
    this.#run([a.gossip.handle({ type: 'tick' }, this.now), []]);
    this.#run([[], b.gossip.handle({ type: 'tick' }, this.now)]);
  }

  of<T extends Frame['type']>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  forget(): void {
    [this.bytes, this.rounds, this.burstBytesMax] = [0, 0, 0];
    this.frames.length = 0;
  }

  #run(first: readonly [readonly Effect[], readonly Effect[]]): void {
    let waiting = [this.#sent(first[0]), this.#sent(first[1])];
    for (; waiting.some(({ length }) => length > 0); this.rounds++) {
      if (this.rounds > 200) throw new Error('the engines never come to rest');
      waiting = [1, 0].map((from) => {
        const { gossip } = this.ends[1 - from] ?? expect.fail();
        const now = { ...this.now };
        const effects = (waiting[from] ?? []).flatMap((frame) => {
          const { type, payload } = encodeFrame(frame);
          return gossip.handle({ type: 'frame', link: 1, frameType: type, payload }, now);
        });
        return this.#sent(effects);
      });
    }
  }

  #sent(effects: readonly Effect[]): Frame[] {
    const frames: Frame[] = [];
    let burst = 0;
    for (const effect of effects) {
      if (effect.type !== 'send') continue;
      const frame = parseFrame(effect.frame.type, effect.frame.payload);
      if (typeof frame !== 'object') throw new Error('the engine sent no frame');
      // Nobody has roots to send: what is asked for is no part of the comparison.
      if (frame.type === 'want' || frame.type === 'decline' || frame.type === 'receipt') continue;
      burst += effect.frame.payload.length + 5;
      this.frames.push(frame);
      if (!this.lost(frame)) frames.push(frame);
    }
    this.bytes += burst;
    this.burstBytesMax = Math.max(this.burstBytesMax, burst);
    return frames;
  }

  lags(): { readonly behind: number; readonly ahead: number }[] {
    const [a, b] = this.ends;
    return [a.gossip.overview.lag(b.key), b.gossip.overview.lag(a.key)];
  }

  dropped(reason: string): number {
    const count = ({ gossip }: End): number => gossip.overview.dropped()[reason] ?? 0;
    return count(this.ends[0]) + count(this.ends[1]);
  }
}

/** Which of so many feeds differ: spread over all of them, one side ahead in each second. */
function differing(count: number, differences: number, side: 0 | 1): FeedState[] {
  const step = Math.floor(count / differences);
  return statesOf(0, count, (i) => {
    const place = i / step;
    return Number.isInteger(place) && place < differences && place % 2 === side;
  });
}

/** A level more than 10,000 have; engines of so many feeds take seconds to set up. */
const few = [1, 10, 100];

describe.each([
  [100, few],
  [1_000, few],
  [10_000, few],
  [70_000, [1, 100]],
])('of %i feeds', (count, all) => {
  test.each(all)(
    '%i that differ cost bytes in proportion to them',
    (differences) => {
      const sides = [0, 1].map((side) => differing(count, differences, side as 0 | 1));
      const pair = new Pair(sides[0] ?? [], sides[1] ?? []).open();
      const hellos = pair.of('hello').length;
      expect(hellos).toBe(2);
      // A level of the comparison costs under 400 bytes for each feed, and there are log16 of them.
      const levels = Math.ceil(Math.log2(count) / 4);
      expect(pair.bytes).toBeLessThan(400 + 400 * differences * levels);
      expect(pair.rounds).toBeLessThanOrEqual(3 + levels);
      const [behind, ahead] = [Math.floor(differences / 2), Math.ceil(differences / 2)];
      expect(pair.lags().map((lag) => lag.behind)).toEqual([behind, ahead]);
    },
    120_000,
  );
});

test('in sync, a link costs the same bytes at any number of feeds, also after a restart', () => {
  const costs = [10, 10_000].flatMap((count) => {
    const states = statesOf(0, count, () => false);
    // A restart: new engines with what was on disk.
    return [1, 2].map(() => new Pair(states, [...states].reverse()).open());
  });
  for (const pair of costs) {
    expect(pair.frames.map(({ type }) => type)).toEqual(['hello', 'hello']);
    expect(pair.bytes).toBe(costs[0]?.bytes);
    expect(pair.lags()).toEqual([
      { behind: 0, ahead: 0 },
      { behind: 0, ahead: 0 },
    ]);
  }
  expect(costs[0]?.bytes).toBeLessThan(200);
});

describe('who begins', () => {
  const [a, b] = [differing(1000, 4, 0), differing(1000, 4, 1)];

  test.each([0, 1] as const)('at the hello, it is the side that dialled (%i)', (dialer) => {
    const pair = new Pair(a, b).open(dialer);
    const whole = pair
      .of('compare')
      .filter(({ lower, ranges }) => lower.length === 0 && ranges.at(-1)?.upper.length === 0);
    // The question, and no second one by the other side.
    expect(whole.filter(({ ranges }) => ranges.every((one) => !one.agreed))).toHaveLength(1);
    expect(pair.lags().map(({ behind }) => behind)).toEqual([2, 2]);
  });

  test('a side with few feeds lists them at once, and is told of the rest', () => {
    for (const dialer of [0, 1] as const) {
      const pair = new Pair(a, b.slice(0, 10)).open(dialer);
      const told = pair.of('have').flatMap(({ feeds }) => feeds);
      // The list once, and what is missing there once.
      expect(told.length).toBeLessThanOrEqual(10 + 1000);
      expect(pair.lags()[1]?.behind).toBe(990 + 2);
    }
  });

  test('two sides with few feeds list them to each other, and say no more', () => {
    const pair = new Pair(a.slice(0, 20), b.slice(5, 30)).open();
    expect(pair.frames.map(({ type }) => type)).toEqual(['hello', 'hello', 'have', 'have']);
  });

  test('at a check, it is the side that was shown other heads', () => {
    const pair = new Pair(a, b);
    pair.lost = ({ type }) => type === 'compare';
    pair.open();
    expect(pair.lags().map(({ behind }) => behind)).toEqual([0, 0]);
    pair.lost = () => false;
    pair.forget();
    pair.check();
    expect(pair.frames.slice(0, 2).map(({ type }) => type)).toEqual(['check', 'compare']);
    expect(pair.lags().map(({ behind }) => behind)).toEqual([2, 2]);
  });
});

test('any frame may be lost: the next checks find all that differs', () => {
  for (let seed = 1; seed <= 10; seed++) {
    let state = seed;
    const pair = new Pair(differing(600, 20, 0), [
      ...differing(600, 20, 1).slice(0, 590),
      ...statesOf(700, 705, () => false),
    ]);
    pair.lost = ({ type }) => {
      state = (state * 48_271) % 2_147_483_647;
      return type !== 'hello' && state % 100 < 30;
    };
    pair.open((seed % 2) as 0 | 1);
    for (let i = 0; i < 3; i++) pair.check();
    pair.lost = () => false;
    pair.check();
    expect(pair.lags().map(({ behind }) => behind)).toEqual([10 + 5, 10 + 10]);
    expect(pair.dropped('compare-excess')).toBe(0);
  }
});

test('both sides come to know what was the same in ranges that were not', () => {
  const pair = new Pair(differing(5000, 2, 0), differing(5000, 2, 1)).open();
  const unknown = pair.lags().map(({ ahead }) => ahead);
  // All but those that were listed together with one that differs.
  for (const ahead of unknown) expect(ahead).toBeLessThanOrEqual(2 * syncLimits.listedInRangeMax);
});

test('another root at the same place of a feed is found among many, and looked into', () => {
  const states = statesOf(0, 1000, () => true);
  const [first, ...rest] = states;
  const author = first?.feed.author ?? expect.fail();
  const pair = new Pair(states, [stateOf(author, 2, 1), ...rest]).open();
  const named = pair.of('have').flatMap(({ feeds }) => feeds);
  // Both sides have said which root they have.
  const roots = named.filter((have) => have.author === author).map(({ rootPrefix }) => rootPrefix);
  expect(new Set(roots.map(String)).size).toBe(2);
});

test('proofs of forks go to the peer only for feeds in ranges that differ', () => {
  const [a, b] = [differing(2000, 1, 0), differing(2000, 1, 1)];
  const proof = { seq: 1, first: new Uint8Array(10), second: new Uint8Array(10) };
  const forked = (states: readonly FeedState[]) =>
    states.map((state, i) => (i < 20 ? state : { ...state, forkedAt: i < 40 ? 1 : undefined }));
  const all = forked(a);
  const forkProofs = all
    .filter(({ forkedAt }) => forkedAt !== undefined)
    .map(({ feed }) => ({ feed, proof }));
  expect(forkProofs).toHaveLength(20);
  const pair = new Pair(all, forked(b), forkProofs).open();
  expect(pair.of('have').length).toBeGreaterThan(0);
  expect(pair.of('fork').length).toBeLessThanOrEqual(2);
});

describe('F60 a peer', () => {
  test('that has nothing is told of very many feeds in pieces, at its own pace, each once', () => {
    const count = 2 * syncLimits.toldMax + 100;
    const pair = new Pair(
      statesOf(0, count, () => false),
      [],
    ).open();
    expect(pair.of('have').flatMap(({ feeds }) => feeds)).toHaveLength(count);
    expect(pair.burstBytesMax).toBeLessThan(65 * syncLimits.toldMax);
    expect(pair.dropped('compare-excess')).toBe(0);
  });

  test('with as many feeds of which none is the same is no offender', () => {
    const count = 1500;
    const pair = new Pair(
      statesOf(0, count, () => false),
      statesOf(count, 2 * count, () => false),
    ).open();
    pair.check();
    expect(pair.lags().map(({ behind }) => behind)).toEqual([count, count]);
    expect(pair.dropped('compare-excess')).toBe(0);
  });

  test('that compares without end is counted, charged, and in the end banned', async () => {
    const { rig, peer } = await many(300);
    const fingerprint = new Uint8Array(16);
    const ranges = [{ upper: everything.upper, fingerprint, agreed: false }];
    const question = { type: 'compare', group: 0, lower: everything.lower, ranges } as const;
    let asked = 0;
    for (; rig.closes().length === 0; asked++) {
      if (asked > 5000) expect.fail('the peer may ask without end');
      await peer.say(question);
      rig.sent();
    }
    expect(rig.closes()).toMatchObject([{ reason: 'compare-excess', ban: true }]);
    expect(rig.dropped('compare-excess')).toBeGreaterThan(syncLimits.invalidPerMinuteMax);
    expect(asked).toBeGreaterThan(100);
  });

  test('that lists nothing without end is told only so often of what it lacks', async () => {
    const { rig, peer } = await many(300);
    let told = 0;
    for (let i = 0; i < 500; i++) {
      await peer.say({ type: 'have', group: 0, feeds: [], covers: everything });
      told += rig.sentOf('have').flatMap(({ feeds }) => feeds).length;
    }
    const { comparedBase, comparedPerFeed, comparedTold } = syncLimits;
    const allowed = (comparedBase + comparedPerFeed * 300) / comparedTold;
    expect(told).toBeLessThanOrEqual(allowed + 300);
    expect(told).toBeGreaterThan(300);
    // And it is told again in time.
    await rig.pass(syncLimits.checkMs);
    rig.sent();
    await peer.say({ type: 'have', group: 0, feeds: [], covers: everything });
    expect(rig.sentOf('have').flatMap(({ feeds }) => feeds)).toHaveLength(300);
  });
});

/** A linked rig with so many feeds. */
async function many(count: number): Promise<{ rig: Rig; peer: Peer }> {
  return linked({
    states: statesOf(0, count, () => false),
    groups: openGroups([group], () => true),
  });
}

describe('a node that has lost its own feeds may post', () => {
  const self = identities[0];

  async function asked(covers: { lower: Uint8Array; upper: Uint8Array }): Promise<boolean> {
    const rig = await new Rig(self, { ownFeedsKnown: false }).start();
    const peer = await new Peer(rig, identities[1]).open();
    await peer.hello({}, new Uint8Array(32));
    await peer.say({ type: 'have', group: 0, feeds: [], covers });
    const ticket = await rig.post('am I first?');
    return rig.answers(ticket).length > 0;
  }

  const before = publicKeyBytes(self.publicKey);
  const behind = before.slice();
  behind[boundBytesMax - 1] = ((behind[boundBytesMax - 1] ?? 0) + 1) & 255;

  test('once a peer has listed a range with its own key, and not for another range', async () => {
    expect(await asked(everything)).toBe(true);
    expect(await asked({ lower: before, upper: behind })).toBe(true);
    expect(await asked({ lower: everything.lower, upper: before })).toBe(false);
    expect(await asked({ lower: behind, upper: everything.upper })).toBe(false);
  });
});
