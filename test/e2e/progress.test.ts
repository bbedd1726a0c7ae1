// How the progress of a sync looks from outside: /status and the commands that show it, while one
// node fetches a long history from another over a link that lets through as much as it is told.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { roomOfName } from '../../src/chat/room.ts';
import type { StatusView } from '../../src/chat/view.ts';
import { openLevelStore } from '../../src/cxo/level-store.ts';
import { systemRandom } from '../../src/env.ts';
import { commitOf, FeedBuilder, testIdentity, textRoot } from '../support/feeds.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { SlowLink } from '../support/slow-link.ts';

const workspace = useWorkspace();
const carol = testIdentity(3);
const segmentRoots = 250;
/** A bound on what hangs; a busy machine takes its time for so long a history. */
const slowMs = 120_000;

/** Puts a history of carol's into a store that no node has opened yet, each message its own root. */
async function fill(node: Daemon, messages: number): Promise<void> {
  mkdirSync(join(node.data, 'store'), { recursive: true });
  const store = await openLevelStore(join(node.data, 'store'), {
    random: systemRandom,
    onDamage: ({ what }) => expect.fail(what),
  });
  const builder = new FeedBuilder(carol, roomOfName('lobby').id);
  const time = 1_700_000_000_000_000;
  for (let from = 0; from < messages; from += segmentRoots) {
    const roots = Array.from({ length: Math.min(segmentRoots, messages - from) }, (_, i) =>
      textRoot(time + from + i, `message ${from + i} of a long history`),
    );
    await store.commit(commitOf(builder.segment(roots)));
  }
  await store.close();
}

/** A, with a history, and B, which has nothing and knows A over the slow link. */
async function makePair(
  messages: number,
): Promise<{ readonly a: Daemon; readonly b: Daemon; readonly link: SlowLink }> {
  const a = await Daemon.make(workspace, `a${messages}`, { flags: ['--name', 'alice'] });
  await fill(a, messages);
  const link = await SlowLink.open(a.port);
  const flags = ['--peers', `${a.pk}@127.0.0.1:${link.port}`];
  const b = await Daemon.make(workspace, `b${messages}`, { flags });
  a.flags.push('--allow', `${b.pk},${carol.publicKey}`);
  await a.start();
  await b.start();
  return { a, b, link };
}

function parse(lines: readonly string[]): StatusView[] {
  return lines.map((line) => JSON.parse(line) as StatusView);
}

function expectGrowth(views: readonly StatusView[]): void {
  for (const [i, { sync, messages, behind }] of views.entries()) {
    expect(sync).toMatchObject({ have: messages, behind, of: messages + behind });
    expect(sync.have).toBeGreaterThanOrEqual(views[i - 1]?.sync.have ?? 0);
    expect(sync.state === 'in-sync').toBe(sync.behind === 0);
    expect(sync.since === null).toBe(sync.behind === 0);
  }
}

test(
  'F25 a node that fetches 20,000 messages tells how many it has, of how many, from whom and how fast, until it is in sync',
  async () => {
    const count = 20_000;
    const { a, b, link } = await makePair(count);
    const watch = workspace.spawnCli(
      ['status', '--watch', '--json', '--interval', '100ms', '--data', b.data],
      {},
    );
    const seen: StatusView[] = [];
    const isPartly = ({ sync }: StatusView): boolean => sync.have > 0;
    await watch.stdout.find(() => true);
    await b.until('the whole history', async () => {
      // The second half comes once a part of the first was watched.
      const isHalf = (seen.at(-1)?.sync.have ?? 0) > count / 2;
      if (!isHalf || parse(watch.stdout.all).some(isPartly)) link.allow(128 * 1024);
      seen.push(await b.status());
      return seen.at(-1)?.sync.have === count;
    });
    expectGrowth(seen);
    const syncing = seen.filter(({ sync }) => sync.state === 'syncing' && sync.sources.length > 0);
    expect(syncing.length).toBeGreaterThan(3);
    for (const { sync } of syncing) {
      expect(sync.sources.map(({ pk, name }) => [pk, name])).toEqual([[a.pk, 'alice']]);
      expect(sync.of).toBeGreaterThanOrEqual(count);
      expect(sync.per_s).toBeGreaterThan(0);
      expect(sync.eta_s).toBeGreaterThan(0);
      expect(sync.reason).toBeNull();
      expect(Date.parse(sync.since ?? '')).toBeLessThanOrEqual(Date.now());
    }
    expect(new Set(syncing.map(({ sync }) => sync.since)).size).toBe(1);
    link.allow(Infinity);
    await b.until('the end', async () => (await b.status()).sync.state === 'in-sync');
    expect((await b.status()).sync).toMatchObject({
      ...{ have: count, of: count, behind: 0, eta_s: null, since: null, reason: null },
    });

    await watch.stdout.find((line) => parse([line])[0]?.sync.have === count);
    const { code, stderr } = await watch.end('SIGINT');
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    const watched = parse(watch.stdout.all);
    expect(watched.length).toBeGreaterThan(2);
    expectGrowth(watched);
    const unchanged = watch.stdout.all.map((line) => line.replace(/"uptime_s":\d+/, ''));
    for (const [i, line] of unchanged.entries()) expect(line).not.toBe(unchanged[i - 1]);
  },
  slowMs,
);

test(
  'F31 a sync whose only source is gone is said to wait, and why; and status --watch goes on over a restart of the node',
  async () => {
    const { a, b, link } = await makePair(2_000);
    await b.until('a part of the history', async () => {
      link.allow(8 * 1024);
      return (await b.status()).sync.have > 0;
    });
    await a.kill();
    link.cut();
    await b.until('the word that nobody is there', async () => {
      const { sync } = await b.status();
      expect(sync.behind).toBeGreaterThan(0);
      return sync.state === 'waiting';
    });
    expect((await b.status()).sync).toMatchObject({
      ...{ reason: 'no peer is connected', per_s: 0, eta_s: null, sources: [], of: 2_000 },
    });

    const watch = workspace.spawnCli(
      ['status', '--watch', '--interval', '100ms', '--data', b.data],
      {},
    );
    await watch.stdout.find((line) =>
      / of 2,000 \(\d+ %\), no peer is connected; 0 of 1 peers/.test(line),
    );
    await b.stop();
    await watch.stderr.find((line) => line.includes('trying again'));
    await a.start();
    link.allow(Infinity);
    await b.start();
    const before = watch.stdout.all.length;
    await watch.stdout.find((line) => line.includes('in-sync 2,000 of 2,000 (100 %)'), before);
    expect((await watch.end('SIGTERM')).code).toBe(130);
  },
  slowMs,
);
