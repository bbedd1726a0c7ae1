// `status --watch` before a daemon in memory, and what `run` shows of a first sync.
import { expect, test } from 'vitest';
import type { StatusView, SyncView } from '../../src/chat/view.ts';
import { cellsOf } from '../../src/cli/cells.ts';
import { buildScreen } from '../../src/cli/watch.ts';
import { FirstSync } from '../../src/cli/first-sync.ts';
import type { Ports } from '../../src/cli/ports.ts';
import { FakeApi, inSync, peerView } from '../support/fake-api.ts';
import { listenFixture } from '../support/http.ts';
import { alice, fakeDaemon, run, sendJson, start, Written } from './harness.ts';

const syncing: SyncView = {
  ...{ state: 'syncing', reason: null, have: 10, of: 20, behind: 10, per_s: 5, eta_s: 2 },
  ...{ sources: [{ pk: alice, name: 'alice', per_s: 5, messages: 10 }], since: null },
};

async function statusView(changes: Partial<StatusView> = {}): Promise<StatusView> {
  return { ...(await new FakeApi().status()), ...changes };
}

test('--interval without --watch, or too short, is a usage error', async () => {
  for (const words of [
    ['--interval', '5s'],
    ['--watch', '--interval', '10ms'],
  ]) {
    expect((await run(['status', ...words, '--http', '127.0.0.1:1'])).code).toBe(2);
  }
});

test('status --watch of a daemon that was never there is exit 3', async () => {
  expect((await run(['status', '--watch', '--http', '127.0.0.1:1'])).code).toBe(3);
});

test('status --watch writes a line only where something has changed, and survives refusals', async () => {
  const views = [syncing, syncing, undefined, undefined, syncing, inSync];
  const status = await statusView();
  const { http } = await fakeDaemon((_, response, i) => {
    const sync = i < views.length ? views[i] : inSync;
    if (sync === undefined) sendJson(response, { detail: 'not yet' }, 503);
    else sendJson(response, { ...status, uptime_s: i, sync });
  });
  const words = ['status', '--watch', '--interval', '100ms', '--http', http];
  const started = start(words);
  await started.stdout.until((text) => text.includes('in-sync'));
  started.interrupt();
  expect(await started.code).toBe(130);
  expect(started.stdout.lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'syncing 10 of 20 (50 %), 5/s, 2 s left, from alice; 0 of 0 peers connected',
    'syncing 10 of 20 (50 %), 5/s, 2 s left, from alice; 0 of 0 peers connected',
    'in-sync 0 of 0 (100 %); 0 of 0 peers connected',
  ]);
  expect(started.stderr.text).toBe('skychat-node: not yet (trying again)\n');
});

test('on a terminal status --watch draws one screen again and again, and leaves it at the end', async () => {
  const { api, port } = await listenFixture();
  api.known.set(alice, peerView(alice, 'waiting'));
  const words = ['status', '-w', '--interval', '100ms', '--http', `127.0.0.1:${port}`];
  const started = start(words, { env: { LANG: 'C.UTF-8', NO_COLOR: '1' } }, true);
  await started.stdout.until((text) => text.split('\r').length > 3);
  started.interrupt();
  expect(await started.code).toBe(130);
  expect(started.stdout.text).toContain('waiting  d75a9801');
  expect(started.stdout.text.endsWith('\n')).toBe(true);
});

test('no line of the screen is wider than the terminal, and the peers stand one in each line', async () => {
  const status = await statusView({ sync: syncing, name: '日本語'.repeat(20) });
  const peers = [
    { ...peerView(alice, 'connected'), name: 'alice', rtt_ms: 3.1, behind: 8000 },
    { ...peerView('bb'.repeat(32), 'refused'), reason: 'not-allowed '.repeat(9) },
  ];
  const look = { unicode: true, colors: false };
  for (const cells of [1, 9, 40, 79, 200]) {
    const lines = buildScreen(status, peers, cells, look);
    expect(lines).toHaveLength(6);
    for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(cells);
  }
  expect(buildScreen(status, peers, 60, look).slice(3)).toEqual([
    'STATE      PEER      RTT     BEHIND  AHEAD',
    'connected  alice     3.1 ms  8,000   0',
    'refused    bbbbbbbb  -       0       0      not-allowed not…',
  ]);
  const [, , , , line] = buildScreen(status, peers, 60, { ...look, colors: true });
  expect(line).toBe('\u001b[32mconnected\u001b[0m  alice     3.1 ms  8,000   0');
});

/** Shows the views one after the other, a second apart, and what was written in the end. */
async function showFirstSync(
  views: readonly (Partial<StatusView> | undefined)[],
  options: { isTTY?: boolean; onView?: (index: number, first: FirstSync) => void } = {},
): Promise<string> {
  const { isTTY = true, onView } = options;
  const stderr = new Written();
  stderr.isTTY = isTTY;
  let now = 0;
  const ports = {
    env: { LANG: 'C.UTF-8', NO_COLOR: '1' },
    stderr,
    clock: { now: () => 0, monotonic: () => now },
    sleep: () => {
      now += 1000;
      return Promise.resolve();
    },
    interrupt: new AbortController().signal,
  } as unknown as Ports;
  const first = new FirstSync(ports);
  let i = 0;
  const usual = await statusView({ peers: { known: 1, connected: 1 } });
  await first.show(() => {
    onView?.(i, first);
    const view = views[Math.min(i++, views.length - 1)];
    return view === undefined
      ? Promise.reject(new Error('closing'))
      : Promise.resolve({ ...usual, ...view });
  });
  return stderr.text;
}

const done: SyncView = { ...inSync, have: 20, of: 20 };
const apart = { peers: { known: 1, connected: 0 } };

test('a first sync is shown in one line, and told in words once the node is in sync', async () => {
  const text = await showFirstSync([apart, {}, { sync: syncing }, { sync: done }]);
  expect(text.split('\r')).toEqual([
    '0 of 1 peers connected\u001b[K\u001b[J',
    '1 of 1 peers connected\u001b[K\u001b[J',
    `██████████████████░░░░░░░░░░░░░░░░░░  50 %  10 of 20  5/s  2 s left  from alice\u001b[K\u001b[J`,
    `████████████████████████████████████████  100 %  20 of 20  in sync\u001b[K\u001b[J`,
    '\u001b[Jin sync: 20 messages in 1 s from alice\n',
  ]);
});

test('log lines stand above the line of a first sync', async () => {
  const text = await showFirstSync([apart, apart, { sync: done }], {
    onView: (i, { log }) => {
      if (i === 1) log.write('a log line\n');
    },
  });
  expect(text).toContain('\r\u001b[Ja log line\n0 of 1 peers connected');
});

test('nothing is shown where stderr is no terminal, nobody is known, or messages are there already', async () => {
  expect(await showFirstSync([{ sync: syncing }], { isTTY: false })).toBe('');
  expect(await showFirstSync([{ peers: { known: 0, connected: 0 } }])).toBe('');
  expect(await showFirstSync([{ messages: 3, sync: syncing }])).toBe('');
});

test('a node that closes in the middle of its first sync leaves no line behind', async () => {
  expect(await showFirstSync([{ sync: syncing }, undefined])).toMatch(/\r\u001b\[J$/);
});

test('messages of its own do not make a node that has met nobody look in sync', async () => {
  const own = { ...apart, sync: { ...inSync, have: 1, of: 1, reason: 'no peer is connected' } };
  const text = await showFirstSync([own, own, own, undefined]);
  expect(text).not.toContain('in sync');
});
