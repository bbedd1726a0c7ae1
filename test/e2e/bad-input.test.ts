// What a node refuses at its doors: each with the code that is promised, and with nothing changed.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, inject, test } from 'vitest';
import { createKeyFile } from '../../src/key-file.ts';
import { Daemon, type Ask } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace('file');
let node: Daemon;
let before: unknown;

async function stateOf(of: Daemon): Promise<unknown> {
  const feeds = (await of.feeds()).map(({ author, seq, count }) => [author, seq, count]);
  const peers = (await of.peers()).map(({ pk, address }) => [pk, address]);
  return { feeds, peers, ids: (await of.timeline()).map(({ id }) => id) };
}

beforeAll(async () => {
  node = await Daemon.start(workspace, 'node');
  await node.post('the only message');
  before = await stateOf(node);
});

afterEach(async () => {
  expect(await stateOf(node)).toEqual(before);
});

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const none = '0'.repeat(64);

const requests: [
  what: string,
  method: string,
  path: string,
  init: Ask,
  status: number,
  code: string,
][] = [
  ['no body', 'POST', '/messages', {}, 400, 'empty-text'],
  ['an empty body', 'POST', '/messages', { body: '', headers: form }, 400, 'empty-text'],
  ['an empty text', 'POST', '/messages', { json: { text: '' } }, 400, 'empty-text'],
  ['bad JSON', 'POST', '/messages', { body: '{"text":', headers: json }, 400, 'bad-json'],
  ['JSON without a text', 'POST', '/messages', { json: {} }, 400, 'bad-field'],
  ['a text that is a number', 'POST', '/messages', { json: { text: 1 } }, 400, 'bad-field'],
  ['an array', 'POST', '/messages', { json: ['hi'] }, 400, 'bad-field'],
  [
    'an unknown field',
    'POST',
    '/messages',
    { json: { text: 'x', color: 'red' } },
    400,
    'bad-field',
  ],
  [
    'a negative min_peers',
    'POST',
    '/messages',
    { json: { text: 'x', min_peers: -1 } },
    400,
    'bad-field',
  ],
  [
    'a fraction of a peer',
    'POST',
    '/messages',
    { json: { text: 'x', min_peers: 0.5 } },
    400,
    'bad-field',
  ],
  ['64 KiB and one byte', 'POST', '/messages', { body: 'x'.repeat(65_537) }, 413, 'text-too-large'],
  ['a body of 1 MiB', 'POST', '/messages', { body: 'x'.repeat(2 ** 20) }, 413, 'text-too-large'],
  ['bytes that are no UTF-8', 'POST', '/messages', { body: bytes(0x68, 0xff) }, 422, 'bad-text'],
  [
    'half a surrogate pair',
    'POST',
    '/messages',
    { body: '{"text":"\\ud800"}', headers: json },
    422,
    'bad-text',
  ],
  ['a leading U+FEFF', 'POST', '/messages', { json: { text: '\ufeffx' } }, 422, 'bad-text'],
  [
    'an image',
    'POST',
    '/messages',
    { body: 'x', headers: { 'content-type': 'image/png' } },
    415,
    'unsupported-media-type',
  ],
  [
    'an unknown group',
    'POST',
    '/messages',
    { json: { text: 'x', group: 'nowhere' } },
    404,
    'unknown-group',
  ],
  [
    'an answer to an unknown message',
    'POST',
    '/messages',
    { json: { text: 'x', reply_to: none } },
    404,
    'unknown-message',
  ],
  [
    'an answer to no id',
    'POST',
    '/messages',
    { json: { text: 'x', reply_to: 'abc' } },
    400,
    'bad-field',
  ],
  [
    'an Idempotency-Key with a space',
    'POST',
    '/messages',
    { body: 'x', headers: { 'idempotency-key': 'a b' } },
    400,
    'bad-field',
  ],
  ['a cursor that is none', 'GET', '/messages?after=abc', {}, 400, 'bad-cursor'],
  ['a cursor of the future', 'GET', '/messages?after=999999999', {}, 400, 'bad-cursor'],
  ['a position that is none', 'GET', '/messages?before=x', {}, 400, 'bad-cursor'],
  [
    'a Last-Event-ID that is none',
    'GET',
    '/events',
    { headers: { 'last-event-id': 'x' } },
    400,
    'bad-cursor',
  ],
  ['a limit of nothing', 'GET', '/messages?limit=0', {}, 400, 'bad-field'],
  ['a limit too large', 'GET', '/messages?limit=1001', {}, 400, 'bad-field'],
  ['a time that is none', 'GET', '/messages?since=yesterday', {}, 400, 'bad-field'],
  ['an unknown parameter', 'GET', '/messages?color=red', {}, 400, 'bad-field'],
  ['a filter by an unknown group', 'GET', '/messages?group=nowhere', {}, 404, 'unknown-group'],
  ['an id that is none', 'GET', '/messages/abc', {}, 400, 'bad-id'],
  ['an id of nothing', 'GET', `/messages/${none}`, {}, 404, 'unknown-message'],
  ['a proof of nothing', 'GET', `/messages/${none}/proof`, {}, 404, 'unknown-message'],
  [
    'a peer with a bad key',
    'POST',
    '/peers',
    { json: { address: 'abc@127.0.0.1:1' } },
    400,
    'bad-peer-address',
  ],
  [
    'a peer without a port',
    'POST',
    '/peers',
    { body: `${none}@127.0.0.1` },
    400,
    'bad-peer-address',
  ],
  [
    'a peer that is no point',
    'POST',
    '/peers',
    { body: `${none}@127.0.0.1:1` },
    400,
    'bad-peer-address',
  ],
  ['the removal of nobody', 'DELETE', `/peers/${none}`, {}, 404, 'unknown-peer'],
  ['an unknown route', 'GET', '/nowhere', {}, 404, 'unknown-route'],
  [
    'F54 another Origin',
    'POST',
    '/messages',
    { body: 'x', headers: { origin: 'http://evil.example' } },
    403,
    'forbidden-origin',
  ],
];

test.each(requests)(
  '%s (%s %s) is refused and counted',
  async (_, method, path, init, status, code) => {
    const countOf = async (): Promise<number> => (await node.status()).counters.refused[code] ?? 0;
    const count = await countOf();
    const answer = await node.ask<{ code: string }>(method, path, init);
    expect(answer.body).toMatchObject({ status, code });
    for (const field of ['type', 'title', 'detail', 'hint'])
      expect(answer.body).toHaveProperty(field);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await countOf()).toBe(count + 1);
  },
);

test('F54 another Host is refused', async () => {
  const { stdout } = await workspace.run('curl', ['-s', '-H', 'Host: evil.example', node.http]);
  expect(JSON.parse(stdout)).toMatchObject({ status: 403, code: 'forbidden-host' });
});

test('F55 an upload that is cut is not taken for the whole', async () => {
  const { port } = new URL(node.http);
  const head = 'POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n';
  const script = `printf '${head.replaceAll('\r\n', '\\r\\n')}half of it' | timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}; cat >&3'`;
  expect((await workspace.run('bash', ['-c', script])).code).toBe(0);
  await node.until('the refusal', async () => {
    return ((await node.status()).counters.refused['bad-request'] ?? 0) > 0;
  });
});

/** Starts a node that must not start; gives its one line. */
async function refuses(code: number, words: readonly string[], env = {}): Promise<string> {
  const ended = await workspace.cli(words, { env });
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
  return ended.stderr;
}

const free = ['--http', '127.0.0.1:0', '--listen', '127.0.0.1:0'];

test('a data directory that another process holds ends the second start, which names that process', async () => {
  const line = await refuses(1, ['--data', node.data, '--key', node.key, ...free]);
  expect(line).toContain('data-locked');
  expect(line).toContain(`process ${node.process?.pid ?? 0}`);
});

// The system's own folder takes no entries: making one spun for ever on Node 20.
const hasProc = existsSync('/proc/self');

test.skipIf(!hasProc).each([
  ['run', 1, ['run', '--data', '/proc/x', ...free], 'store-failed'],
  ['run, far below', 1, ['run', '--data', '/proc/x/y/z', ...free], 'store-failed'],
  ['run with a key there', 1, ['run', '--key', '/proc/x/k', ...free], 'bad-key-file'],
  ['keygen', 1, ['keygen', '--data', '/proc/x'], 'bad-key-file'],
])('%s where no folder can be made ends with one clear line', async (_, code, words, named) => {
  const program = ['-s', 'KILL', '20', process.execPath, inject('entry'), ...words];
  const env = { XDG_DATA_HOME: workspace.path('spare') };
  const ended = await workspace.run('timeout', program, { env });
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]*\/proc\/x[^\n]*\n$/);
  expect(ended.stderr).toContain(`(${named})`);
});

test('a data directory below a file ends the start with one clear line', async () => {
  const [file, key] = [workspace.path('a-file'), workspace.path('beside-a-file.key')];
  writeFileSync(file, 'mine');
  createKeyFile(key);
  for (const data of [file, join(file, 'below')]) {
    const line = await refuses(1, ['--data', data, '--key', key, ...free]);
    expect(line).toContain(`cannot make the data directory ${data}`);
    expect(line).toContain('(store-failed)');
  }
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('a key file that others can read ends the start, and nothing is written', async () => {
  const key = workspace.path('exposed.key');
  createKeyFile(key);
  chmodSync(key, 0o644);
  const data = workspace.path('exposed');
  const line = await refuses(1, ['--data', data, '--key', key, ...free]);
  expect(line).toMatch(/key-file-exposed.*chmod 600/);
  expect(existsSync(data)).toBe(false);
});

test('a key file without a key ends the start, and is left as it is', async () => {
  const key = workspace.path('empty.key');
  writeFileSync(key, '', { mode: 0o600 });
  expect(await refuses(1, ['--data', workspace.path('empty'), '--key', key, ...free])).toContain(
    'bad-key-file',
  );
  expect(existsSync(workspace.path('empty'))).toBe(false);
});

test.each(['--http', '--listen'])(
  'a busy port of %s ends the start, and nothing is written',
  async (flag) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const data = workspace.path(`busy${flag}`);
    const line = await refuses(1, ['--data', data, ...free, flag, `127.0.0.1:${port}`]);
    server.close();
    expect(line).toMatch(new RegExp(`port-busy.*|127.0.0.1:${port}`));
    expect(line).toContain('port-busy');
    expect(existsSync(data)).toBe(false);
  },
);

const someKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

test.each([
  ['a peer with a key that is too short', ['--peers', 'abc@127.0.0.1:1'], 'bad-peer-address'],
  ['a peer whose key is no point', ['--peers', `${none}@127.0.0.1:1`], 'bad-peer-address'],
  ['a peer without a port', ['--peers', `${someKey}@127.0.0.1`], 'bad-peer-address'],
  [
    'a peer with a port that is none',
    ['--peers', `${someKey}@127.0.0.1:99999`],
    'bad-peer-address',
  ],
  ['an allowed key that is none', ['--allow', 'abc'], 'bad-config'],
  ['an open door without a token', ['--http', '0.0.0.0:0'], 'token-required'],
  ['an unknown log level', ['--log-level', 'loud'], 'bad-config'],
  ['a config file that is not there', ['--config', '/nowhere/at.all'], 'bad-config'],
  ['a misspelt flag', ['--peer', 'x'], '--peers'],
  ['a misspelt command', ['sned', 'x'], 'send'],
])('%s is a usage error, and nothing is written', async (what, words, says) => {
  const home = workspace.path(`home ${what}`);
  mkdirSync(home);
  expect(await refuses(2, words, { HOME: home })).toContain(says);
  expect(readdirSync(home)).toEqual([]);
});
