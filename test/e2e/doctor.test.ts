// `skychat-node doctor` over real nodes: each fault is made, and has to be found by its name.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { mayMount } from '../support/mounts.ts';
import { useWorkspace } from '../support/node-process.ts';
import { dataFiles, flipByte } from '../support/raw-level.ts';

const workspace = useWorkspace();

interface Finding {
  readonly check: string;
  readonly what: string;
  readonly fix: string;
  readonly command: string | null;
}

interface Report {
  readonly code: number | null;
  readonly healthy: boolean;
  readonly checks: readonly { readonly check: string; readonly ok: boolean | null }[];
  readonly findings: readonly Finding[];
}

/** What the doctor says of a node, asked with the node's own flags. */
async function doctor(
  node: Daemon,
  more: readonly string[] = [],
  program: readonly string[] = [],
): Promise<Report> {
  const own = ['doctor', '--json', '--data', node.data, '--key', node.key, ...more];
  const [first = '', ...words] = [...program, process.execPath, inject('entry'), ...own];
  const { code, stdout, stderr } = await workspace.run(first, words);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Omit<Report, 'code'>) };
}

function found(report: Report, check: string): Finding {
  expect(report).toMatchObject({ code: 1, healthy: false });
  const finding = report.findings.find((each) => each.check === check);
  if (finding === undefined) throw new Error(`nothing of ${check}: ${JSON.stringify(report)}`);
  expect(finding.fix).not.toBe('');
  return finding;
}

/** Two nodes that name each other, linked. */
async function pair(prefix: string): Promise<[Daemon, Daemon]> {
  const a = await Daemon.make(workspace, `${prefix}-a`);
  const b = await Daemon.make(workspace, `${prefix}-b`);
  a.flags.push('--peers', b.address, '--name', 'alice');
  b.flags.push('--peers', a.address, '--name', 'bob');
  await Promise.all([a.start(), b.start()]);
  await Promise.all([a.untilConnected(b), b.untilConnected(a)]);
  return [a, b];
}

/** A node whose clock is wrong by so many milliseconds. */
async function startAtWrongTime(node: Daemon, ms: number): Promise<void> {
  const script = workspace.path(`clock-${ms}.mjs`);
  writeFileSync(script, `const now = Date.now; Date.now = () => now() + ${ms};`);
  await node.startWithin(['env', `NODE_OPTIONS=--import ${script}`]);
}

test('a healthy pair of nodes has a clean bill, in words as well', async () => {
  const [a, b] = await pair('healthy');
  await a.post('hello');
  await b.untilMessages(1);
  for (const node of [a, b]) {
    const report = await doctor(node);
    expect(report).toMatchObject({ code: 0, healthy: true, findings: [] });
    expect(report.checks.every(({ ok }) => ok === true)).toBe(true);
  }
  const { code, stdout } = await workspace.cli(['doctor', '--data', a.data, '--key', a.key]);
  expect(code).toBe(0);
  expect(
    stdout
      .split('\n')
      .slice(0, -1)
      .every((line) => line.startsWith('ok ')),
  ).toBe(true);
});

test('nobody: a node without peers is told whom to name where', async () => {
  const node = await Daemon.start(workspace, 'alone');
  const report = await doctor(node);
  expect(found(report, 'nobody').what).toBe('nobody is connected, and the node knows no peers');
  expect(found(report, 'nobody').command).toMatch(/^skychat-node peers add PK@HOST:PORT --data /);
  const loopback = report.findings.find(({ what }) => what.includes('other machines cannot reach'));
  expect(loopback?.fix).toContain('--listen 0.0.0.0:8870');
});

test('unreachable peer: named with its address, and a command that tries it', async () => {
  const gone = await Daemon.make(workspace, 'gone');
  const node = await Daemon.start(workspace, 'lonely', { flags: ['--peers', gone.address] });
  const tried = async (): Promise<boolean> =>
    (await node.peer(gone.pk))?.reason_code === 'unreachable';
  await node.until('a failed attempt', tried);
  const { what, command } = found(await doctor(node), 'peers');
  expect(what).toContain('cannot be reached: connection refused');
  expect(command).toBe(`nc -vz 127.0.0.1 ${gone.port}`);
});

test('refused by peer: the command is for the other machine, and works there; the peer learns of it as well', async () => {
  const b = await Daemon.start(workspace, 'strict');
  const a = await Daemon.start(workspace, 'stranger', { flags: ['--peers', b.address] });
  const refused = async (): Promise<boolean> => (await a.peer(b.pk))?.state === 'refused';
  await a.until('the refusal', refused);
  const { what, command } = found(await doctor(a), 'refused');
  expect(what).toContain("the peer does not allow this node's key");
  const knock = found(await doctor(b), 'refused');
  expect(knock.what).toContain(`this node refuses ${a.pk}, which dials it from 127.0.0.1:`);
  expect(knock.command).toContain(`peers add ${a.pk}@HOST:PORT`);
  expect(command).toBe(`skychat-node peers add ${a.address}`);
  const words = command?.split(' ').slice(1) ?? [];
  const added = await workspace.cli([...words, '--data', b.data]);
  expect(added.code).toBe(0);
  await Promise.all([a.untilConnected(b), b.untilConnected(a)]);
  for (const node of [a, b]) expect((await doctor(node)).findings).toEqual([]);
});

test('refused by peer: another key at the address is told from an absent node', async () => {
  const b = await Daemon.start(workspace, 'other');
  const wrong = await Daemon.make(workspace, 'expected');
  const address = `${wrong.pk}@127.0.0.1:${b.port}`;
  const a = await Daemon.start(workspace, 'mistaken', { flags: ['--peers', address] });
  const refused = async (): Promise<boolean> =>
    (await a.peer(wrong.pk))?.reason_code === 'wrong-key';
  await a.until('the wrong key', refused);
  expect(found(await doctor(a), 'refused').what).toContain('another key');
});

test('key permissions: others that may read the secret, or write beside it', async () => {
  const [a] = await pair('exposed');
  chmodSync(a.key, 0o644);
  const { what, command } = found(await doctor(a), 'key');
  expect(what).toContain('others than its owner may use');
  execFileSync('sh', ['-c', command ?? 'false']);
  expect((await doctor(a)).code).toBe(0);
  chmodSync(a.data, 0o777);
  const folder = found(await doctor(a), 'key');
  expect(folder.what).toContain('may write to');
  execFileSync('sh', ['-c', folder.command ?? 'false']);
  expect((await doctor(a)).code).toBe(0);
});

test('key: a store without its key would be somebody else', async () => {
  const node = await Daemon.start(workspace, 'keyless');
  await node.stop();
  rmSync(node.key);
  expect(found(await doctor(node), 'key').what).toContain('it would begin as somebody else');
});

test('daemon: none, and one that was killed', async () => {
  const node = await Daemon.start(workspace, 'killed');
  await node.kill();
  expect(found(await doctor(node), 'daemon').what).toContain('ended without closing');
  await node.start();
  await node.stop();
  const report = await doctor(node);
  expect(found(report, 'daemon').what).toContain('no daemon runs on');
  const open = report.checks.filter(({ ok }) => ok === null).map(({ check }) => check);
  expect(open).toEqual(['nobody', 'peers', 'refused', 'limits']);
});

test('daemon: one that hangs holds the directory, and does not answer', async () => {
  const node = await Daemon.start(workspace, 'hung');
  const { host } = new URL(node.http);
  await node.kill();
  // It holds the directory and has told nobody where it is.
  await node.start('--http', host);
  rmSync(join(node.data, 'runtime.json'));
  const { what, command } = found(await doctor(node), 'daemon');
  expect(what).toContain('another process holds');
  expect(command).toMatch(/^fuser /);
});

test('ports: taken by another process before the start', async () => {
  const taker = createServer().listen(0, '127.0.0.1');
  await once(taker, 'listening');
  onTestFinished(() => {
    taker.close();
  });
  const { port } = taker.address() as AddressInfo;
  const node = await Daemon.make(workspace, 'busy');
  const report = await doctor(node, ['--listen', `127.0.0.1:${port}`, '--http', '127.0.0.1:0']);
  const { what, command } = found(report, 'ports');
  expect(what).toBe(`127.0.0.1:${port} of --listen is taken by another process`);
  expect(command).toBe(`ss -ltnp 'sport = :${port}'`);
});

test('ports: an address that the machine does not have', async () => {
  const node = await Daemon.make(workspace, 'homeless');
  const report = await doctor(node, ['--listen', '203.0.113.9:8870', '--http', '127.0.0.1:0']);
  expect(found(report, 'ports').what).toContain('is no address of this machine');
});

test('clock: a member that is ahead, and a clock that was set back', async () => {
  const a = await Daemon.make(workspace, 'punctual');
  const b = await Daemon.make(workspace, 'early');
  a.flags.push('--peers', b.address);
  b.flags.push('--peers', a.address, '--name', 'early');
  await a.start();
  await startAtWrongTime(b, 120_000);
  await a.untilConnected(b);
  await b.post('from the future');
  await a.untilMessages(1);
  expect(found(await doctor(a), 'clock').what).toMatch(
    /^the clock of \w+ is 1[12]\d s ahead of this one: one of the two is wrong$/,
  );
  await b.stop();
  // Without a daemon the store tells it.
  expect(found(await doctor(b), 'clock').what).toMatch(/^this machine's clock is \d+ s before/);
  await b.start();
  expect(found(await doctor(b), 'clock').what).toMatch(/^this machine's clock is \d+ s before/);
});

test('clock: what is held back names a clock that is far ahead', async () => {
  const a = await Daemon.make(workspace, 'holding');
  const b = await Daemon.make(workspace, 'far');
  a.flags.push('--peers', b.address);
  b.flags.push('--peers', a.address);
  await a.start();
  await startAtWrongTime(b, 3_600_000);
  await a.untilConnected(b);
  await b.post('from the next hour');
  await a.until('a held message', async () => (await a.status()).counters.held > 0);
  expect(found(await doctor(a), 'clock').what).toMatch(/ahead/);
});

test.skipIf(!mayMount(workspace.folder, "the doctor's looks at full disks"))(
  'disk: one that is nearly full, and one that is read-only',
  async () => {
    const node = await Daemon.make(workspace, 'small');
    mkdirSync(node.data);
    const within = (options: string): string[] => {
      const script = `mount -t tmpfs -o ${options} none ${node.data} && exec "$@"`;
      return ['unshare', '-rm', 'sh', '-c', script, '-'];
    };
    const nearlyFull = found(await doctor(node, [], within('size=24m')), 'disk');
    expect(nearlyFull.what).toMatch(/has 2\d MiB left/);
    expect(nearlyFull.command).toBe(`df -h ${node.data}`);
    const readOnly = found(await doctor(node, [], within('size=900m,ro')), 'disk');
    expect(readOnly.what).toContain('mounted read-only');
  },
);

test('disk: a daemon that may open too few files', async () => {
  const node = await Daemon.make(workspace, 'few');
  await node.startWithin(['sh', '-c', 'ulimit -n 200 && exec "$@"', '-']);
  const { what, command } = found(await doctor(node), 'disk');
  expect(what).toContain('may open 200 files at once');
  expect(command).toMatch(/^prlimit --nofile=65536 --pid \d+$/);
});

test('limits: more unknown connections of one address than are taken', async () => {
  const node = await Daemon.start(workspace, 'crowded');
  const crowd = Array.from({ length: 16 }, () => connect(node.port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of crowd) socket.destroy();
  });
  await Promise.all(crowd.map((socket) => once(socket, 'connect')));
  const reason = 'too-many-connections-of-address';
  await node.until('a refusal', async () => reason in (await node.status()).counters.refused);
  expect(found(await doctor(node), 'limits').what).toMatch(
    /^too many unknown connections came from one address \(too-many-connections-of-address: \d+ in the last 10 minutes\)$/,
  );
});

test('store: damage in a file is found without a daemon, and repaired by the command', async () => {
  const node = await Daemon.start(workspace, 'damaged');
  for (let i = 0; i < 20; i++) await node.post(`${i} ${'x'.repeat(2000)}`);
  await node.kill();
  const store = join(node.data, 'store');
  // The first byte of the rows: every record in the same block goes with it.
  const [log] = (await dataFiles(store)).filter(({ path }) => path.endsWith('.log'));
  if (log === undefined) throw new Error('a store has a log');
  await flipByte(log.path, 40, 255);
  const { what, command } = found(await doctor(node), 'store');
  expect(what).toMatch(/damaged/);
  expect(command).toMatch(/^skychat-node repair --data /);
  const words = command?.split(' ').slice(1) ?? [];
  expect((await workspace.cli(words)).code).toBe(0);
});

test('version: a peer of another line, and a program that is not the daemon', async () => {
  const folder = workspace.path('old');
  const root = dirname(dirname(inject('entry')));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const changed = manifest.replace(/"version": "[^"]+"/, '"version": "0.0.1"');
  writeFileSync(join(folder, 'package.json'), changed);
  execFileSync('ln', ['-s', resolve('node_modules'), join(folder, 'node_modules')]);
  const a = await Daemon.start(workspace, 'new');
  const b = await Daemon.make(workspace, 'old-node');
  const { publicKey } = { publicKey: b.pk };
  await a.ask('POST', '/peers', { json: { address: b.address } });
  const entry = join(folder, 'dist', 'cli.js');
  const words = ['run', '--json', '--data', b.data, '--key', b.key, '--http', '127.0.0.1:0'];
  const listen = ['--listen', `127.0.0.1:${b.port}`, '--peers', a.address];
  const old = workspace.spawn(process.execPath, [entry, ...words, ...listen]);
  await old.stdout.find(() => true);
  const linked = async (): Promise<boolean> => typeof (await a.peer(publicKey))?.agent === 'string';
  await a.until('the link', linked);
  const report = await doctor(a);
  expect(found(report, 'version').what).toContain('runs skychat-node/0.0.1');
  const own = found(await doctor(b), 'version');
  expect(own.what).toMatch(/^the daemon is version 0.0.1, and this program is /);
});
