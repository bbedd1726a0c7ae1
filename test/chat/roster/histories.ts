// Histories of a group for property tests: members with partial views who do what they may, and
// others who write whatever they like into their feeds.
import fc from 'fast-check';
import type { Entry } from '../../../src/cxo/archive.ts';
import { buildOperation, type RosterChange } from '../../../src/chat/roster/operation.ts';
import { buildSeen } from '../../../src/chat/roster/seen.ts';
import { admitBy, genesisOf, invitation, keyOf, Peer } from './world.ts';

export const genesis = genesisOf();
const otherGenesis = genesisOf('another team');

/** Few, so that they meet. */
export const peopleMax = 6;

export interface Step {
  readonly act: 'do' | 'forge' | 'replay' | 'pull' | 'post' | 'foreign';
  readonly actor: number;
  readonly subject: number;
  readonly op: RosterChange['op'];
  readonly choice: number;
}

const ops = [
  ...(['add', 'add', 'remove', 'remove', 'promote', 'promote', 'promote', 'demote'] as const),
  ...(['leave', 'invite', 'revoke', 'admit', 'admit', 'admit', 'describe', 'retain'] as const),
];

const person = fc.nat({ max: peopleMax - 1 });

export const steps = (acts: readonly Step['act'][]) =>
  fc.array(
    fc.record<Step>({
      act: fc.constantFrom(...acts),
      actor: person,
      subject: person,
      op: fc.constantFrom(...ops),
      choice: fc.nat({ max: 999 }),
    }),
    { maxLength: 60 },
  );

export const allActs = [
  ...(['do', 'do', 'do', 'pull', 'pull', 'pull', 'post'] as const),
  ...(['forge', 'forge', 'replay', 'foreign'] as const),
];

export interface History {
  readonly peers: readonly Peer[];
  /** Somebody who has every entry that there is, whoever accepts it. */
  readonly all: Peer;
}

/** A few admins and an invite first, so that there is somebody to disagree. */
const opening: readonly Step[] = [
  { act: 'do', actor: 0, subject: 0, op: 'invite', choice: 15 },
  ...[1, 2, 3].flatMap((subject): Step[] => [
    { act: 'do', actor: 0, subject, op: 'promote', choice: 0 },
    { act: 'pull', actor: subject, subject: 0, op: 'leave', choice: 1 },
  ]),
];

export function play(given: readonly Step[]): History {
  const peers = Array.from({ length: peopleMax }, (_, number) => new Peer(keyOf(number), genesis));
  const all = new Peer(keyOf(99), genesis);
  for (const step of [...opening, ...given]) {
    const actor = peers[step.actor];
    const subject = peers[step.subject];
    if (actor !== undefined && subject !== undefined) take(step, actor, subject, peers);
  }
  for (const peer of peers) {
    for (const [name, entries] of peer.feeds) {
      if (name.startsWith(peer.key)) all.feeds.set(name, entries);
    }
  }
  all.roster.apply(all.entries());
  return { peers, all };
}

function take(step: Step, actor: Peer, subject: Peer, peers: readonly Peer[]): void {
  const { choice } = step;
  switch (step.act) {
    case 'do': {
      const change = changeOf(step, subject.key);
      if (actor.roster.check(change, actor.key, actor.clock) === undefined) actor.issue(change);
      break;
    }
    case 'forge':
      actor.issue(changeOf(step, subject.key), {
        ...(choice % 3 === 0 ? {} : { head: choice % 3 }),
        ...(choice % 5 < 2 ? {} : { time: timeOf(choice, actor) }),
        ...(choice % 7 < 3 ? {} : { seen: forgedSeen(choice) }),
      });
      break;
    case 'replay': {
      const known = peers.flatMap((peer) => peer.entries());
      const object = known[choice % Math.max(1, known.length)]?.object;
      if (object !== undefined) actor.write(object, choice % 2);
      break;
    }
    case 'pull':
      actor.pull(subject, choice % 4 === 0 ? 1 : Infinity);
      break;
    case 'post':
      actor.post();
      break;
    case 'foreign': {
      const seen = forgedSeen(choice);
      const object = buildOperation({ ...changeOf(step, subject.key), seen }, new Uint8Array(16));
      const entry = actor.write(object);
      const feed = { ...entry.feed, group: otherGenesis.id };
      actor.feeds.get(`${actor.key}/${entry.feed.head}`)?.pop();
      actor.roster.retract(entry.feed, entry.seq);
      actor.post();
      actor.roster.apply([{ ...entry, feed }]);
      break;
    }
  }
}

function changeOf({ op, choice }: Step, key: Peer['key']): RosterChange {
  const invite = invitation(choice % 3);
  switch (op) {
    case 'add':
      return { op, key, history: choice % 2 === 0 };
    case 'remove':
    case 'promote':
    case 'demote':
      return { op, key };
    case 'leave':
      return { op };
    case 'invite': {
      const expires = choice % 4 === 0 ? 2000 + choice : null;
      const uses = choice % 5 === 0 ? null : 1 + (choice % 2);
      return { op, invite: invite.id, expires, uses, history: choice % 2 === 0 };
    }
    case 'revoke':
      return { op, invite: invite.id };
    case 'admit':
      return admitBy(genesis.id, invite, key);
    case 'describe':
      return { op, name: `name ${choice}` };
    case 'retain':
      return { op, age_s: choice, bytes: null };
  }
}

function timeOf(choice: number, { clock }: Peer): number {
  return [0, 1000, clock - (choice % 20), clock + (choice % 20), 1e12][(choice % 11) % 5] ?? 0;
}

/** Nothing, everything that there will ever be, or something. */
function forgedSeen(choice: number): Uint8Array {
  const keys = Array.from({ length: peopleMax }, (_, number) => keyOf(number));
  if (choice % 3 === 0) return new Uint8Array();
  const seq = choice % 3 === 1 ? 2 ** 40 : 1 + (choice % 8);
  return buildSeen(
    keys
      .filter((_, i) => choice % 3 === 1 || (choice >> i) % 2 === 0)
      .flatMap((key) => [0, 1, 2].map((head) => ({ key, head, seq }))),
  );
}

export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const copy = [...items];
  let state = seed + 1;
  for (let i = copy.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const j = state % (i + 1);
    const [a, b] = [copy[i], copy[j]];
    if (a !== undefined && b !== undefined) [copy[i], copy[j]] = [b, a];
  }
  return copy;
}

export function feedNames(entries: Iterable<Entry>): Set<string> {
  const names = new Set<string>();
  for (const { feed } of entries) {
    for (const head of [0, 1, 2, feed.head, feed.head + 1]) names.add(`${feed.author}/${head}`);
  }
  return names;
}
