// Data directories with a long history, made without a node and kept from run to run. Knows how
// feeds are built and stored, nothing of what is measured with them.
import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { labelOf } from '../../src/chat/content/labels.ts';
import { buildText } from '../../src/chat/content/message.ts';
import { roomOfName } from '../../src/chat/room.ts';
import { openLevelStore } from '../../src/cxo/level-store.ts';
import { buildRecord } from '../../src/cxo/record.ts';
import { feedKey } from '../../src/cxo/root.ts';
import { systemClock, systemRandom } from '../../src/env.ts';
import { identityOfSeed, type Identity, type PublicKey } from '../../src/identity.ts';
import { createKeyFile, findKeyFile, markKeyUsed } from '../../src/key-file.ts';
import { buildOwnRun } from '../../src/sync/own-root.ts';
import { FeedBuilder, type BuiltSegment } from '../../test/support/feeds.ts';
import { printable } from './statistics.ts';
import { wordyText } from './wordy.ts';
import { projectRoot, type Workspace } from './workspace.ts';

export const textBytes = 200;
const group = roomOfName('lobby').id;
/** The store's schema and what the records hold follow from these. */
const sources = [
  'src/cxo',
  'src/chat/content/message.ts',
  'src/chat/room.ts',
  'bench/support/prepare.ts',
];

export interface History {
  /** Messages in segments of many roots, as history arrives from a peer: a multiple of 200. */
  readonly inSegments: number;
  /** Messages behind them, each posted alone: its own root, signature and record. */
  readonly single: number;
  /** Whether the texts are words, as a search finds them. */
  readonly wordy?: boolean;
}

/** A copy of a data directory that has the history in its own feed. */
export async function prepareHistory(workspace: Workspace, history: History): Promise<string> {
  const kind = history.wordy === true ? '-wordy' : '';
  const name = `history-${history.inSegments}-${history.single}${kind}`;
  return prepare(workspace, name, (directory) => fillHistory(directory, history));
}

/**
 * A copy of a data directory with `each` messages, each posted alone, in each of `count` feeds, whose
 * authors are listed.
 */
export async function prepareFeeds(
  workspace: Workspace,
  count: number,
  each = 1,
): Promise<{ readonly data: string; readonly authors: readonly PublicKey[] }> {
  const data = await prepare(workspace, `feeds-${count}x${each}`, (directory) =>
    fillFeeds(directory, count, each),
  );
  const store = await openStore(data);
  const authors = store.feeds().map(({ feed }) => feed.author);
  await store.close();
  return { data, authors };
}

/** The same with `count` groups, in each of which somebody else has said `each` things. */
export function prepareGroups(workspace: Workspace, count: number, each: number): Promise<string> {
  return prepare(workspace, `groups-${count}x${each}`, (directory) =>
    fillGroups(directory, count, each),
  );
}

/** A key in a data directory that has nothing else. */
export function prepareKey(workspace: Workspace, name: string): { data: string; pk: PublicKey } {
  const data = workspace.path(name);
  return { data, pk: makeKey(data).publicKey };
}

export function readKey(data: string): PublicKey {
  const identity = findKeyFile(join(data, 'identity.key'));
  if (identity === undefined) throw new Error(`${data} has no key`);
  return identity.publicKey;
}

const supply = { text: '', at: 0 };

/** Random printable characters, 200 of them. */
export function randomText(): string {
  if (supply.at === supply.text.length) {
    supply.text = printable(randomBytes(((textBytes * 3) / 4) * 1000));
    supply.at = 0;
  }
  return supply.text.slice(supply.at, (supply.at += textBytes));
}

async function prepare(
  workspace: Workspace,
  name: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const kept = join(workspace.cache, `${name}-${fingerprint()}`);
  if (!existsSync(kept)) {
    removeOutdated(workspace.cache, name);
    workspace.note(`preparing ${name}`);
    const draft = workspace.path(name);
    await fill(draft);
    renameSync(draft, kept);
  }
  const copy = workspace.path(name);
  cpSync(kept, copy, { recursive: true });
  return copy;
}

function removeOutdated(cache: string, name: string): void {
  for (const entry of readdirSync(cache)) {
    if (entry.startsWith(`${name}-`)) rmSync(join(cache, entry), { recursive: true });
  }
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(projectRoot, source);
    const files = source.endsWith('.ts')
      ? [path]
      : readdirSync(path).map((file) => join(path, file));
    for (const file of files.sort()) hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

function makeKey(directory: string): Identity {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'identity.key');
  return createKeyFile(path, systemRandom);
}

function openStore(directory: string): ReturnType<typeof openLevelStore> {
  return openLevelStore(join(directory, 'store'), {
    random: systemRandom,
    onDamage: ({ what }) => {
      throw new Error(`damaged: ${what}`);
    },
  });
}

/** Roots of one segment of history, and posts that shared one: about 64 KiB together. */
const segmentRoots = 20;
const rootMessages = 10;
const recordsOfCommit = 500;
/** Between two messages, microseconds. */
const pace = 60_000;

async function fillHistory(
  directory: string,
  { inSegments, single, wordy }: History,
): Promise<void> {
  const identity = makeKey(directory);
  const store = await openStore(directory);
  const builder = new FeedBuilder(identity, group);
  let time = systemClock.now() - (inSegments + single + 1) * pace;
  const nextRoot = () => ({
    time: (time += pace * rootMessages),
    slots: Array.from({ length: rootMessages }, () => ({ object: textObject(wordy) })),
  });
  for (let done = 0; done < inSegments; done += segmentRoots * rootMessages) {
    await store.commit(commitOf([builder.segment(Array.from({ length: segmentRoots }, nextRoot))]));
  }
  const runs = ownRuns(identity, builder, time, wordy);
  for (let done = 0; done < single; done += recordsOfCommit) {
    const count = Math.min(recordsOfCommit, single - done);
    await store.commit(commitOf(Array.from({ length: count }, runs)));
  }
  await store.close();
  markKeyUsed(join(directory, 'identity.key'));
}

async function fillFeeds(directory: string, count: number, each: number): Promise<void> {
  makeKey(directory);
  const store = await openStore(directory);
  const start = systemClock.now() - count * each * pace;
  let segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const author = identityOfSeed(systemRandom.bytes(32));
    const runs = ownRuns(author, new FeedBuilder(author, group), start + i * each * pace);
    segments.push(...Array.from({ length: each }, runs));
    if (segments.length < recordsOfCommit && i < count - 1) continue;
    await store.commit(commitOf(segments));
    segments = [];
  }
  await store.close();
}

async function fillGroups(directory: string, count: number, each: number): Promise<void> {
  makeKey(directory);
  const store = await openStore(directory);
  const author = identityOfSeed(systemRandom.bytes(32));
  let time = systemClock.now() - count * each * pace;
  for (let i = 0; i < count; i++) {
    const builder = new FeedBuilder(author, roomOfName(`room ${i}`).id);
    const root = () => ({
      time: (time += pace * rootMessages),
      slots: Array.from({ length: rootMessages }, () => ({ object: textObject() })),
    });
    const roots = Array.from({ length: each / rootMessages }, root);
    await store.commit(commitOf([builder.segment(roots)]));
  }
  await store.close();
}

type Segment = Pick<BuiltSegment, 'run' | 'state'>;

/** One message after the other behind what was built, each posted alone. */
function ownRuns(
  identity: Identity,
  { feed, head: start }: FeedBuilder,
  startTime: number,
  wordy?: boolean,
): () => Segment {
  let head = start;
  let time = startTime;
  return () => {
    const run = buildOwnRun(identity, feed, head, (time += pace), [{ object: textObject(wordy) }]);
    head = run.head;
    return { run, state: { feed, head, forkedAt: undefined } };
  };
}

function commitOf(
  segments: readonly Segment[],
): Parameters<Awaited<ReturnType<typeof openStore>>['commit']>[0] {
  // Of a feed's states only the last one counts.
  const states = new Map(segments.map(({ state }) => [feedKey(state.feed), state]));
  return {
    records: segments.map(({ run }) => buildRecord(run, false, labelOf)),
    states: [...states.values()],
    ...{ releases: [], local: [] },
  };
}

function textObject(wordy = false): Uint8Array {
  return buildText(wordy ? wordyText(textBytes) : randomText(), undefined, systemRandom.bytes(16));
}
