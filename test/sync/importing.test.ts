// What is carried here by hand: taken in its order, once, for what it is, and answered for only when the
// disk has it.
import { expect, test } from 'vitest';
import { objectIdOf, type GroupId } from '../../src/cxo/ids.ts';
import { verifySegment } from '../../src/cxo/segment.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { Carried, Imported } from '../../src/sync/events.ts';
import { compareBranches, type ForkProof } from '../../src/sync/fork-proof.ts';
import { openGroups } from '../../src/sync/groups.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import {
  FeedBuilder,
  testGroup,
  testIdentity,
  textObject,
  textRoot,
  type BuiltSegment,
  type TestRoot,
} from '../support/feeds.ts';
import { flipBit } from '../support/values.ts';
import { group, linked, Rig, rootsOf, startWall, type RigOptions } from './rig.ts';

const author = testIdentity(3);
const feed = { group, author: author.publicKey, head: 0 };
const past = startWall - 1_000_000;

/** Carries things to one engine, each with a ticket of its own. */
class Carrier {
  readonly rig: Rig;
  #tickets = 1000;

  constructor(rig: Rig) {
    this.rig = rig;
  }

  static async start(options: RigOptions = {}): Promise<Carrier> {
    return new Carrier(await new Rig(testIdentity(0), options).start());
  }

  async bring(from: number, bytes: Uint8Array, more: Partial<Carried> = {}): Promise<number> {
    const ticket = ++this.#tickets;
    await this.rig.handle({ type: 'import', ticket, feed, from, bytes, isLast: false, ...more });
    return ticket;
  }

  async bringFork(proof: ForkProof, of = feed): Promise<number> {
    const ticket = ++this.#tickets;
    await this.rig.handle({ type: 'import-fork', ticket, feed: of, proof });
    return ticket;
  }

  /** Every answer to a ticket, in order. */
  answers(ticket: number): (Imported | ErrorCode)[] {
    return this.rig.effects.flatMap((effect): (Imported | ErrorCode)[] => {
      if (effect.type === 'imported' && effect.ticket === ticket) return [effect.imported];
      if (effect.type === 'append-failed' && effect.ticket === ticket) return [effect.code];
      return [];
    });
  }

  /** The verdict of what is answered once. */
  async verdict(from: number, bytes: Uint8Array, more: Partial<Carried> = {}): Promise<unknown> {
    const answers = this.answers(await this.bring(from, bytes, more));
    expect(answers).toHaveLength(1);
    const [answer] = answers;
    return typeof answer === 'object' ? answer.verdict : answer;
  }
}

function stored(messages: number): Imported {
  return { verdict: 'stored', messages };
}

const known: Imported = { verdict: 'known', messages: 0 };

/** The roots of a branch that parts from all others with its second root. */
function branch(name: string): { builder: FeedBuilder; segment: BuiltSegment } {
  const builder = new FeedBuilder(author, group);
  const slots = [{ object: textObject('common', 1) }];
  const roots = [{ time: past, slots }, textRoot(past + 1, name)];
  return { builder, segment: builder.segment(roots) };
}

function forkProof(): ForkProof {
  const runs = ['a', 'b'].map((name) => {
    const verified = verifySegment(feed, 1, branch(name).segment.bytes);
    return verified.ok ? verified.run : expect.fail(verified.reason);
  });
  const [a, b] = runs;
  const found = a && b && compareBranches(a, b);
  return found?.parts === 'within' ? found.proof : expect.fail('no proof');
}

test('what was carried here is stored, shown, and counted by its messages', async () => {
  const carrier = await Carrier.start();
  const builder = new FeedBuilder(author, group);
  const { bytes } = builder.segment([textRoot(past, 'one', 'two'), textRoot(past + 1, 'three')]);
  expect(carrier.answers(await carrier.bring(1, bytes))).toEqual([stored(3)]);
  expect(carrier.rig.store.latestArrival()).toBe(3);
  const arrived = carrier.rig.effects.flatMap((one) => (one.type === 'arrived' ? one.entries : []));
  expect(arrived.map(({ seq, index }) => [seq, index])).toEqual([
    [1, 0],
    [1, 1],
    [2, 0],
  ]);
});

test('what was carried here goes on to peers, and whoever brought it is no peer that has it', async () => {
  const { rig, peer } = await linked();
  const carrier = new Carrier(rig);
  const [bytes] = rootsOf(author, 1).segments;
  await carrier.bring(1, bytes ?? expect.fail());
  await rig.pass(syncLimits.notesMs);
  expect(rig.sentOf('have')).toMatchObject([{ feeds: [{ author: author.publicKey, seq: 1 }] }]);
  // Its author has had it, whoever brings it.
  expect(rig.gossip.overview.storedBy(feed, 1)).toEqual([author.publicKey]);
  await peer.have(author.publicKey, 1);
  expect(rig.gossip.overview.storedBy(feed, 1)).toContain(peer.identity.publicKey);
});

test('what is there already is known, and of what overlaps only the rest counts', async () => {
  const carrier = await Carrier.start();
  const builder = new FeedBuilder(author, group);
  const first = builder.segment([textRoot(past, 'one')]);
  const again = new FeedBuilder(author, group);
  const { slots } = textRoot(past, 'the same');
  expect(carrier.answers(await carrier.bring(1, first.bytes))).toEqual([stored(1)]);
  expect(carrier.answers(await carrier.bring(1, first.bytes))).toEqual([known]);

  const other = await Carrier.start();
  const short = again.segment([{ time: past, slots }]);
  const long = new FeedBuilder(author, group).segment([
    { time: past, slots },
    textRoot(past + 1, 'new', 'and new'),
  ]);
  expect(other.answers(await other.bring(1, short.bytes))).toEqual([stored(1)]);
  expect(other.answers(await other.bring(1, long.bytes))).toEqual([stored(2)]);
  expect(other.answers(await other.bring(1, short.bytes))).toEqual([known]);
  expect(other.rig.store.latestArrival()).toBe(3);
  expect(other.rig.dropped('duplicate')).toBe(0);
});

test('what comes before its turn is refused as a gap, and taken once it is its turn', async () => {
  const carrier = await Carrier.start();
  const [one, two, three] = rootsOf(author, 3).segments as [Uint8Array, Uint8Array, Uint8Array];
  expect(await carrier.verdict(3, three)).toBe('gap');
  expect(await carrier.verdict(2, two)).toBe('gap');
  expect(carrier.rig.dropped('gap')).toBe(2);
  for (const [i, bytes] of [one, two, three].entries()) {
    expect(await carrier.verdict(i + 1, bytes)).toBe('stored');
  }
  expect(carrier.rig.seq(author.publicKey)).toBe(3);
});

test('parts in their order need not wait for the disk one by one', async () => {
  const carrier = await Carrier.start();
  carrier.rig.auto = false;
  const tickets: number[] = [];
  for (const [i, bytes] of rootsOf(author, 3).segments.entries()) {
    tickets.push(await carrier.bring(i + 1, bytes));
  }
  expect(tickets.flatMap((ticket) => carrier.answers(ticket))).toEqual([]);
  await carrier.rig.carryOut();
  expect(tickets.map((ticket) => carrier.answers(ticket))).toEqual([
    [stored(1)],
    [stored(1)],
    [stored(1)],
  ]);
});

test('F04 nothing is said to be stored, or to be known, before the disk has it', async () => {
  const carrier = await Carrier.start();
  carrier.rig.auto = false;
  const [bytes = new Uint8Array()] = rootsOf(author, 1).segments;
  const first = await carrier.bring(1, bytes);
  const second = await carrier.bring(1, bytes);
  expect([...carrier.answers(first), ...carrier.answers(second)]).toEqual([]);
  await carrier.rig.carryOut();
  expect(carrier.answers(first)).toEqual([stored(1)]);
  expect(carrier.answers(second)).toEqual([known]);
});

test('F56 where the disk is full everything that waits is told so, nothing is there, and a second time all of it is taken', async () => {
  const carrier = await Carrier.start();
  carrier.rig.auto = false;
  const { segments } = rootsOf(author, 3);
  const bringAll = async (): Promise<number[]> => {
    const tickets: number[] = [];
    for (const [i, bytes] of segments.entries()) tickets.push(await carrier.bring(i + 1, bytes));
    return tickets;
  };
  const failed = [...(await bringAll()), await carrier.bring(1, segments[0] ?? expect.fail())];
  await carrier.rig.carryOut('disk-full');
  expect(failed.flatMap((ticket) => carrier.answers(ticket))).toEqual(
    Array.from({ length: 4 }, () => 'disk-full'),
  );
  expect([carrier.rig.seq(author.publicKey), carrier.rig.store.latestArrival()]).toEqual([0, 0]);
  const tickets = await bringAll();
  await carrier.rig.pass(syncLimits.commitRetryMs + 1);
  await carrier.rig.carryOut();
  expect(tickets.flatMap((ticket) => carrier.answers(ticket))).toEqual([
    stored(1),
    stored(1),
    stored(1),
  ]);
  expect(carrier.rig.store.latestArrival()).toBe(3);
});

test('a proof of a fork freezes the feed, and is answered once it is on the disk', async () => {
  const carrier = await Carrier.start();
  carrier.rig.auto = false;
  const proof = forkProof();
  const [first, second] = [await carrier.bringFork(proof), await carrier.bringFork(proof)];
  expect([...carrier.answers(first), ...carrier.answers(second)]).toEqual([]);
  await carrier.rig.carryOut();
  expect(carrier.answers(first)).toEqual([stored(0)]);
  expect(carrier.answers(second)).toEqual([known]);
  expect(carrier.rig.forkedAt(author.publicKey)).toBe(2);
});

test('F56 a proof that the disk does not take is not said to be there, and is written once there is room', async () => {
  const carrier = await Carrier.start();
  carrier.rig.auto = false;
  const proof = forkProof();
  const first = await carrier.bringFork(proof);
  await carrier.rig.carryOut('disk-full');
  expect(carrier.answers(first)).toEqual(['disk-full']);
  const second = await carrier.bringFork(proof);
  expect(carrier.answers(second)).toEqual([]);
  await carrier.rig.pass(syncLimits.commitRetryMs + 1);
  await carrier.rig.carryOut();
  expect(carrier.answers(second)).toEqual([known]);
  expect(carrier.rig.forkedAt(author.publicKey)).toBe(2);
});

test('what lies behind a fork is refused, whichever branch it is of', async () => {
  const carrier = await Carrier.start();
  const { segment, builder } = branch('a');
  await carrier.bring(1, segment.bytes);
  await carrier.bringFork(forkProof());
  const next = builder.segment([textRoot(past + 2, 'more')]);
  expect(await carrier.verdict(3, next.bytes)).toBe('forked');
  expect(await carrier.verdict(2, rootsOf(author, 2).segments[1] ?? expect.fail())).toBe('known');
  expect(carrier.rig.seq(author.publicKey)).toBe(2);
});

test('another branch than what is here is refused as forked', async () => {
  const carrier = await Carrier.start();
  const builder = new FeedBuilder(author, group);
  const short = builder.segment([{ time: past, slots: [{ object: textObject('common', 1) }] }]);
  await carrier.bring(1, short.bytes);
  await carrier.bring(2, rootsOf(author, 2).segments[1] ?? expect.fail());
  expect(carrier.rig.seq(author.publicKey)).toBe(1);
  expect(carrier.rig.dropped('forked')).toBe(1);
});

test('a proof that shows no fork, or of more feeds than an author may have, is refused', async () => {
  const carrier = await Carrier.start();
  const proof = forkProof();
  const broken = { ...proof, second: proof.first };
  const [verdict] = carrier.answers(await carrier.bringFork(broken));
  expect(verdict).toEqual({ verdict: 'bad-fork-proof', messages: 0 });
  for (let head = 0; head < syncLimits.headsMax; head++) {
    const [bytes] = rootsOf(author, 1, past, head).segments;
    expect(await carrier.verdict(1, bytes ?? expect.fail(), { feed: { ...feed, head } })).toBe(
      'stored',
    );
  }
  const beyond = { ...feed, head: syncLimits.headsMax };
  const [bytes] = rootsOf(author, 1, past, beyond.head).segments;
  expect(await carrier.verdict(1, bytes ?? expect.fail(), { feed: beyond })).toBe('too-many-heads');
  const [ofFork] = carrier.answers(await carrier.bringFork(proof, beyond));
  expect(ofFork).toEqual({ verdict: 'too-many-heads', messages: 0 });
  expect(carrier.rig.dropped('too-many-heads')).toBe(2);
});

test('what no peer could send is refused from a carrier as well, with the same name, and counted', async () => {
  const [bytes = new Uint8Array()] = rootsOf(author, 1).segments;
  const stranger = testIdentity(99);
  const [strange = new Uint8Array()] = rootsOf(stranger, 1).segments;
  const elsewhere: GroupId = testGroup('elsewhere');
  const other = new FeedBuilder(author, elsewhere).segment([textRoot(past, 'x')]);
  const carrier = await Carrier.start();
  const ofStranger = { feed: { ...feed, author: stranger.publicKey } };
  const ofElsewhere = { feed: { ...feed, group: elsewhere } };
  expect(await carrier.verdict(1, strange, ofStranger)).toBe('not-a-member');
  expect(await carrier.verdict(1, other.bytes, ofElsewhere)).toBe('unknown-group');
  expect(await carrier.verdict(1, flipBit(bytes, bytes.length * 8 - 1))).toBe('bad-signature');
  expect(await carrier.verdict(1, bytes.slice(0, 5))).toBe('bad-segment');
  for (const reason of ['not-a-member', 'unknown-group', 'bad-signature', 'bad-segment']) {
    expect(carrier.rig.dropped(reason), reason).toBe(1);
  }
  expect([carrier.rig.store.latestArrival(), carrier.rig.store.feeds()]).toEqual([0, []]);
});

test('of an author who was removed what came before is taken, and what came behind is not', async () => {
  const isMember = (_: unknown, key: string): boolean => key === author.publicKey;
  const groups = { ...openGroups([group], isMember), limitOf: () => 2 };
  const carrier = await Carrier.start({ groups });
  const verdicts: unknown[] = [];
  for (const [i, bytes] of rootsOf(author, 3).segments.entries()) {
    verdicts.push(await carrier.verdict(i + 1, bytes));
  }
  expect(verdicts).toEqual(['stored', 'stored', 'removed']);
});

test('F30 what is dated too far ahead is held as from a peer, up to the bound of its author', async () => {
  const ahead = startWall + syncLimits.horizonMicros + 60_000_000;
  const carrier = await Carrier.start();
  const builder = new FeedBuilder(author, group);
  const half = syncLimits.heldOfAuthorMax / 2;
  const roots = (from: number, count: number): TestRoot[] =>
    Array.from({ length: count }, (_, i) => textRoot(ahead + from + i, 'x'));
  const most = builder.segment(roots(1, half)).bytes;
  const rest = builder.segment(roots(half + 1, half + 1)).bytes;
  expect(await carrier.verdict(1, most)).toBe('stored');
  expect(await carrier.verdict(half + 1, rest)).toBe('held-full');
  expect(carrier.rig.store.latestArrival()).toBe(0);
  await carrier.rig.pass(120_000);
  expect(carrier.rig.store.latestArrival()).toBe(half);
});

test('F60 a carrier that is faster than the disk is told to wait', async () => {
  const carrier = await Carrier.start();
  carrier.rig.auto = false;
  const builder = new FeedBuilder(author, group);
  const text = 'x'.repeat(60_000);
  const verdicts: unknown[] = [];
  for (let seq = 1; verdicts.length === 0; seq++) {
    if (seq > 1000) expect.fail('there is no end');
    const { bytes } = builder.segment([textRoot(past + seq, text)]);
    verdicts.push(...carrier.answers(await carrier.bring(seq, bytes)));
  }
  expect(verdicts).toEqual([{ verdict: 'pending-full', messages: 0 }]);
});

test('objects that nothing explains may be missing only where nobody else is left to have them', async () => {
  const carrier = await Carrier.start();
  const objects = [textObject('lost', 1), textObject('kept', 2)] as const;
  const { bytes } = new FeedBuilder(author, group).segment([
    { time: past, slots: [{ id: objectIdOf(objects[0]) }] },
    { time: past + 1, slots: [{ object: objects[1] }] },
  ]);
  expect(await carrier.verdict(1, bytes)).toBe('object-missing');
  expect(carrier.rig.store.latestArrival()).toBe(0);
  expect(carrier.answers(await carrier.bring(1, bytes, { isLast: true }))).toEqual([stored(1)]);
  expect(carrier.rig.store.find(feed)).toMatchObject({ head: { seq: 0 }, tail: { from: 2 } });
});
