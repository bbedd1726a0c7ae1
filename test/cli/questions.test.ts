// The commands that ask the daemon one question: history, status, peers.
import { expect, test } from 'vitest';
import type { PeerView, StatusView } from '../../src/chat/view.ts';
import { inSync } from '../support/fake-api.ts';
import { alice, fakeDaemon, message, run, sendJson, type FakeDaemon } from './harness.ts';

function answering(value: unknown, status = 200): Promise<FakeDaemon> {
  return fakeDaemon((_, response) => {
    if (status === 204) response.writeHead(204).end();
    else sendJson(response, value, status);
  });
}

const page = { messages: [message(1), message(2, { name: null })], next: '2', more: false };

test('history prints one line a message, by the name or the short key', async () => {
  const { http } = await answering(page);
  expect(await run(['history', '--http', http])).toEqual({
    code: 0,
    stdout: `2026-11-22T05:10:00.123Z alice: text 1\n2026-11-22T05:10:00.123Z d75a9801: text 2\n`,
    stderr: '',
  });
});

test('history --json prints the page as it came', async () => {
  const { http } = await answering(page);
  expect((await run(['history', '--json', '--http', http])).stdout).toBe(
    `${JSON.stringify(page)}\n`,
  );
});

test('history hands on what it is asked for', async () => {
  const daemon = await answering(page);
  const words = ['--limit', '5', '--author', alice, '--since', '2026-01-01', '--group', 'a b&c'];
  await run(['history', '--http', daemon.http, ...words, '--before', '9']);
  await run(['history', '--http', daemon.http, '--after', '0']);
  expect(daemon.received.map(({ query }) => query)).toEqual([
    { limit: '5', author: alice, since: '2026-01-01', group: 'a b&c', before: '9' },
    { after: '0' },
  ]);
});

test.each([
  ['--limit', '0'],
  ['--limit', '1001'],
  ['--before', '1', '--after', '2'],
])('history %s %s is a usage error', async (...words) => {
  expect((await run(['history', '--http', '127.0.0.1:1', ...words])).code).toBe(2);
});

const status: StatusView = {
  pk: alice,
  name: 'al\u001bice',
  version: '0.1.0',
  uptime_s: 93_784,
  room: 'lobby',
  listen: null,
  http: 'http://127.0.0.1:8001',
  messages: 12,
  feeds: 3,
  behind: 0,
  sync: inSync,
  peers: { known: 3, connected: 2 },
  strangers: [],
  store: { bytes: 4096, damaged: 0 },
  counters: {
    dropped: { 'slow-peer': 4 },
    refused: { none: 0 },
    held: 1,
    forks: 0,
    recent: { minutes: 10, dropped: {}, refused: {} },
  },
};

test('status prints a table for people', async () => {
  const { http } = await answering(status);
  const { code, stdout } = await run(['status', '--http', http]);
  expect(code).toBe(0);
  for (const line of [
    `key       ${alice}`,
    'name      al\\x1bice',
    'up        1 d 2 h',
    'listen    dials only',
    'peers     2 of 3 connected',
    'behind    0 (in sync)',
    'dropped   4 slow-peer',
  ]) {
    expect(stdout.split('\n')).toContain(line);
  }
  expect(stdout).not.toContain('refused');
});

test('status --json prints what the daemon says', async () => {
  const { http } = await answering(status);
  expect(JSON.parse((await run(['status', '--json', '--http', http])).stdout)).toEqual(status);
});

const peer: PeerView = {
  pk: alice,
  name: null,
  address: 'h:1',
  state: 'refused',
  reason: 'not-allowed',
  reason_code: 'not-allowed',
  agent: null,
  since: '2026-11-22T05:10:00.123Z',
  last_inbound: null,
  rtt_ms: null,
  behind: 0,
  ahead: 2,
  bytes_in: 0,
  bytes_out: 0,
};

test('peers lists state, key, address and the reason', async () => {
  const daemon = await answering({ peers: [peer] });
  const { stdout } = await run(['peers', '--http', daemon.http]);
  expect(stdout.split('\n')[1]).toMatch(new RegExp(`^refused +${alice} +- +h:1 .* not-allowed$`));
  expect((await run(['peers', '--json', '--http', daemon.http])).stdout).toBe(
    `${JSON.stringify({ peers: [peer] })}\n`,
  );
  expect(daemon.received[0]).toMatchObject({ method: 'GET', path: '/peers' });
});

test('peers without any says how to add one', async () => {
  const { http } = await answering({ peers: [] });
  expect((await run(['peers', '--http', http])).stdout).toContain('peers add');
});

test('peers add posts the address in its plain form', async () => {
  const daemon = await answering(peer, 201);
  const ended = await run([
    'peers',
    'add',
    `tcp://${alice.toUpperCase()}@h:1`,
    '--http',
    daemon.http,
  ]);
  expect(ended).toMatchObject({ code: 0, stdout: `${alice}@h:1\n` });
  expect(daemon.received[0]).toMatchObject({ method: 'POST', path: '/peers' });
  expect(JSON.parse(daemon.received[0]?.body ?? '')).toEqual({ address: `${alice}@h:1` });
});

test.each([[alice.toUpperCase()], [`${alice}@h:1`]])(
  'peers rm %s deletes the peer',
  async (named) => {
    const daemon = await answering(null, 204);
    const ended = await run(['peers', '--http', daemon.http, 'rm', named]);
    expect(ended).toMatchObject({ code: 0, stdout: `${alice}\n` });
    expect(daemon.received[0]).toMatchObject({ method: 'DELETE', path: `/peers/${alice}` });
  },
);

test.each([
  [['peers', 'add', 'x'], 'bad-peer-address'],
  [['peers', 'add'], 'missing required argument'],
  [['peers', 'rm', 'x'], 'is not a key'],
  [['peers', 'ad', 'x'], 'Did you mean add?'],
])('%j is a usage error and asks nobody', async (words, text) => {
  const daemon = await answering({});
  const ended = await run([...words, '--http', daemon.http]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(text);
  expect(daemon.received).toHaveLength(0);
});
