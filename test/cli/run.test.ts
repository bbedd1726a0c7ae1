import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { NetworkAddress } from '../../src/cli/ports.ts';
import type { NodeConfig } from '../../src/config.ts';
import type { Logger } from '../../src/env.ts';
import { SkychatError } from '../../src/errors.ts';
import type { PublicKey } from '../../src/identity.ts';
import type { RunningNode } from '../../src/node.ts';
import { alice, makeFolder, run, start, type Overrides } from './harness.ts';

interface FakeNode {
  readonly overrides: Overrides;
  readonly data: string;
  readonly opened: NodeConfig[];
  closed: number;
}

function fakeNode(
  changes: Partial<RunningNode> = {},
  onOpen: (logger: Logger) => void | Promise<void> = () => undefined,
): FakeNode {
  const data = makeFolder();
  const fake: FakeNode = { overrides: {}, data, opened: [], closed: 0 };
  const openNode: Overrides['openNode'] = async (config, { logger }) => {
    fake.opened.push(config);
    await onOpen(logger);
    return {
      pk: alice as PublicKey,
      listen: '0.0.0.0:8870',
      http: 'http://127.0.0.1:8001',
      data,
      status: () => Promise.reject(new Error('nobody asks')),
      close: () => {
        fake.closed++;
        return Promise.resolve();
      },
      ...changes,
    };
  };
  return Object.assign(fake, { overrides: { openNode } });
}

async function runUntilListening(
  words: string[],
  node: FakeNode,
  more: Overrides = {},
): Promise<string> {
  const started = start(words, { ...node.overrides, ...more });
  await started.stdout.until((text) => text.endsWith('\n'));
  started.interrupt();
  expect(await started.code).toBe(0);
  expect(started.stderr.text).toBe('');
  return started.stdout.text;
}

test('run --json prints one line and nothing else, and run need not be written', async () => {
  const node = fakeNode();
  const line = {
    event: 'listening',
    pk: alice,
    listen: '0.0.0.0:8870',
    http: 'http://127.0.0.1:8001',
    data: node.data,
  };
  for (const words of [['--json'], ['--standalone', '--json'], ['run', '--json']]) {
    expect(await runUntilListening(words, node)).toBe(`${JSON.stringify(line)}\n`);
  }
});

test('run hands the configuration on', async () => {
  const node = fakeNode();
  await runUntilListening(
    ['--peers', `${alice}@h:1`, '--via', `${alice}@i:2`, '--no-listen'],
    node,
  );
  expect(node.opened[0]).toMatchObject({
    peers: [
      { pk: alice, host: 'h', port: 1 },
      { pk: alice, host: 'i', port: 2 },
    ],
    listen: undefined,
  });
});

const lan: readonly NetworkAddress[] = [
  { address: '127.0.0.1', family: 'IPv4', internal: true },
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: 'fd00::7', family: 'IPv6', internal: false },
  { address: '10.0.0.7', family: 'IPv4', internal: false },
];

test.each<[string, string[], Partial<RunningNode>, readonly NetworkAddress[], string[]]>([
  [
    'the address that is advertised',
    ['--advertise', 'a:1,b:2'],
    {},
    lan,
    [`${alice}@a:1`, `${alice}@b:2`],
  ],
  ['the address that is bound', [], { listen: '[::1]:7' }, lan, [`${alice}@[::1]:7`]],
  ['for every interface one that is not internal', [], {}, lan, [`${alice}@10.0.0.7:8870`]],
  ['for [::] as well', [], { listen: '[::]:7' }, lan, [`${alice}@10.0.0.7:7`]],
  [
    'IPv6 where there is nothing else',
    [],
    { listen: '[::]:7' },
    lan.slice(0, 3),
    [`${alice}@[fd00::7]:7`],
  ],
  ['loopback on a machine alone', [], {}, lan.slice(0, 1), [`${alice}@127.0.0.1:8870`]],
])('run prints %s to give to others', async (_, words, changes, network, wanted) => {
  const text = await runUntilListening(words, fakeNode(changes), {
    networkAddresses: () => network,
  });
  expect([...text.matchAll(/^address {2}(.*)$/gm)].map(([, address]) => address)).toEqual(wanted);
});

test('a node that only dials prints its key', async () => {
  const text = await runUntilListening(['--no-listen'], fakeNode({ listen: null }));
  expect(text).toContain(`${alice} (dials only)`);
});

test.each<[string, string[], Partial<RunningNode>, string]>([
  ['over TCP', [], {}, 'curl -d hello http://127.0.0.1:8001/messages'],
  [
    'for every interface, with a token',
    ['--http', '0.0.0.0:9', '--http-token-file', '/t'],
    { http: 'http://0.0.0.0:9' },
    'curl -H "Authorization: Bearer $(cat /t)" -d hello http://127.0.0.1:9/messages',
  ],
  [
    'over a Unix socket with an odd name',
    ['--http', "unix:/a b/it's"],
    { http: "unix:/a b/it's" },
    "curl -d hello --unix-socket '/a b/it'\\''s' http://localhost/messages",
  ],
])('run prints a curl line to try %s', async (_, words, changes, line) => {
  const text = await runUntilListening(words, fakeNode(changes));
  expect(text).toContain(`try      ${line}\n`);
});

test('runtime.json says where the node is while it runs, and is gone afterwards', async () => {
  const node = fakeNode();
  const started = start(['--json'], { ...node.overrides, pid: 4711 });
  await started.stdout.until((text) => text.endsWith('\n'));
  expect(readdirSync(node.data)).toEqual(['runtime.json']);
  expect(JSON.parse(readFileSync(join(node.data, 'runtime.json'), 'utf8'))).toEqual({
    pid: 4711,
    pk: alice,
    listen: '0.0.0.0:8870',
    http: 'http://127.0.0.1:8001',
  });
  started.interrupt();
  expect(await started.code).toBe(0);
  expect(node.closed).toBe(1);
  expect(readdirSync(node.data)).toEqual([]);
});

test("run leaves a successor's runtime.json alone", async () => {
  const node = fakeNode();
  const started = start(['--json'], { ...node.overrides, pid: 4711 });
  await started.stdout.until((text) => text.endsWith('\n'));
  const successor = { pid: 4712, pk: alice, listen: null, http: 'http://127.0.0.1:9' };
  writeFileSync(join(node.data, 'runtime.json'), JSON.stringify(successor));
  started.interrupt();
  await started.code;
  expect(readdirSync(node.data)).toEqual(['runtime.json']);
});

test('an interrupt during the start drains as well', async () => {
  const node = fakeNode({}, async () => {
    await Promise.resolve();
    started.interrupt();
  });
  const started = start([], node.overrides);
  expect(await started.code).toBe(0);
  expect(node.closed).toBe(1);
});

test('a node that does not close in time does not keep the process', async () => {
  const node = fakeNode({ close: () => new Promise(() => undefined) });
  const started = start(['--log-format', 'json'], {
    ...node.overrides,
    sleep: () => Promise.resolve(),
  });
  started.interrupt();
  expect(await started.code).toBe(0);
  expect(started.stderr.text).toContain('closing took too long');
});

test('a node whose close fails is exit 1', async () => {
  const node = fakeNode({ close: () => Promise.reject(new Error('no sync')) });
  const started = start([], node.overrides);
  started.interrupt();
  expect(await started.code).toBe(1);
  expect(started.stderr.text).toBe('skychat-node: no sync\n');
});

test('a node whose runtime.json cannot be written is closed', async () => {
  const node = fakeNode({ data: '/none/at/all' });
  expect((await run([], node.overrides)).code).toBe(1);
  expect(node.closed).toBe(1);
});

test.each([
  [new SkychatError('data-locked', 'process 7 holds /d', { hint: 'Stop it.' }), 1],
  [new SkychatError('port-busy', '0.0.0.0:8870 is in use'), 1],
  [new SkychatError('key-file-exposed', 'others may use /k', { hint: 'Run: chmod 600 /k' }), 1],
  [new SkychatError('token-required', 'needs a token'), 2],
  [new Error('two\nlines'), 1],
])('a start that fails is one clear line and exit 1, or 2 for usage (%s)', async (error, code) => {
  const node = fakeNode({}, () => Promise.reject(error));
  const ended = await run([], node.overrides);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
});

test('a configuration that is wrong opens nothing and makes nothing', async () => {
  const node = fakeNode();
  const home = makeFolder();
  for (const words of [
    ['--peers', 'x'],
    ['--http', '0.0.0.0:1'],
    ['--config', 'absent.json'],
    ['--log-level', 'loud'],
    ['--pears', 'x'],
    ['--room', ''],
    ['--listen'],
    ['run', 'rnu'],
  ]) {
    const ended = await run(words, { ...node.overrides, home });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
  }
  expect(node.opened).toEqual([]);
  expect(readdirSync(home)).toEqual([]);
});

test('a bad peer names its code and how to write one', async () => {
  const { stderr } = await run(['--peers', 'x']);
  expect(stderr).toContain('--peers');
  expect(stderr).toContain('(bad-peer-address)');
  expect(stderr).toContain('pk@host:port');
});

test('the log goes to stderr, by level and format', async () => {
  const onOpen = (logger: Logger): void => {
    logger.debug({ a: 1 }, 'fine');
    logger.warn({ peer: 'p' }, 'careful');
  };
  const lineOf = async (words: string[]): Promise<string> => {
    const node = fakeNode({}, onOpen);
    const started = start(['--json', ...words], node.overrides);
    await started.stdout.until((text) => text.endsWith('\n'));
    started.interrupt();
    await started.code;
    expect(started.stdout.lines).toHaveLength(1);
    return started.stderr.text;
  };
  const json = await lineOf([]);
  expect(json.split('\n')).toHaveLength(2);
  expect(JSON.parse(json)).toMatchObject({ level: 'warn', msg: 'careful', peer: 'p' });
  expect(await lineOf(['--log-format', 'pretty'])).toMatch(/WARN.*: careful \{"peer":"p"\}\n$/);
  expect((await lineOf(['--log-level', 'debug'])).split('\n')).toHaveLength(3);
  expect(await lineOf(['--log-level', 'silent'])).toBe('');
});

test('the data directory is never made by the command line itself', async () => {
  const home = makeFolder();
  const node = fakeNode({}, () => {
    expect(existsSync(join(home, '.local'))).toBe(false);
  });
  const started = start(['--json'], { ...node.overrides, home });
  started.interrupt();
  expect(await started.code).toBe(0);
});
