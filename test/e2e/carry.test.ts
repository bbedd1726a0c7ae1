// Messages that are carried by hand, and backups, with real processes: bundles between nodes that have
// no link, whatever becomes of them on the way.
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace('file');

/** Two nodes that know each other's keys and have no address of each other. */
async function makeStrangers(name: string): Promise<[Daemon, Daemon]> {
  const b = await Daemon.make(workspace, `${name}-b`);
  const a = await Daemon.make(workspace, `${name}-a`, { flags: ['--allow', b.pk] });
  b.flags.push('--allow', a.pk);
  return [a, b];
}

function onFiles(node: Daemon): string[] {
  const other = node.flags[node.flags.indexOf('--allow') + 1] ?? '';
  return ['--data', node.data, '--key', node.key, '--allow', other];
}

interface Report {
  readonly messages: number;
  readonly stored: number;
  readonly known: number;
  readonly refused: number;
  readonly forks: number;
  readonly refused_feeds: readonly { readonly reason: string; readonly author: string }[];
}

async function cliJson<T>(...words: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await workspace.cli([...words, '--json']);
  expect(stderr + stdout, words.join(' ')).toContain('{');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

function importInto(node: Daemon, file: string): Promise<Report> {
  return cliJson<Report>('import', ...onFiles(node), file);
}

test('what was said on one node is on the other once a bundle was carried there, and again it changes nothing', async () => {
  const [a, b] = await makeStrangers('carry');
  await Promise.all([a.start(), b.start()]);
  for (const text of ['one', 'two', 'three']) await a.post(text);
  await b.post('from b');
  await a.stop();
  const file = workspace.path('carry.bundle');
  // From the files of a stopped node into one that runs, and back into the files.
  const written = await cliJson<{ messages: number }>('export', ...onFiles(a), file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const first = await importInto(b, file);
  expect(first).toMatchObject({ messages: written.messages, refused: 0, known: 0 });
  expect((await b.texts()).sort()).toEqual(['from b', 'one', 'three', 'two']);
  expect(await importInto(b, file)).toMatchObject({ stored: 0, known: written.messages });

  const back = workspace.path('back.bundle');
  await cliJson('export', '--data', b.data, back);
  await b.stop();
  expect((await importInto(a, back)).refused).toBe(0);
  await a.start();
  expect((await a.texts()).sort()).toEqual(['from b', 'one', 'three', 'two']);
  await a.stop();
});

test('a bundle is never written over a file', async () => {
  const [a] = await makeStrangers('overwrite');
  await a.start();
  const file = workspace.path('there.bundle');
  writeFileSync(file, 'mine');
  const ended = await workspace.cli(['export', '--data', a.data, file]);
  expect(ended.code).toBe(6);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(readdirSync(workspace.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await a.stop();
});

test('F55 a bundle that was cut off or altered is refused as a whole, and nothing is changed', async () => {
  const [a, b] = await makeStrangers('damage');
  await Promise.all([a.start(), b.start()]);
  for (let i = 0; i < 20; i++) await a.post(`message ${i}`);
  const file = workspace.path('damage.bundle');
  await cliJson('export', '--data', a.data, file);
  await Promise.all([a.stop(), b.stop()]);
  const bytes = readFileSync(file);
  const flipped = (at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy;
  };
  const damaged = [
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, 300),
    Buffer.concat([bytes, Buffer.from('x')]),
    flipped(3),
    flipped(20),
    flipped(Math.floor(bytes.length / 2)),
    flipped(bytes.length - 1),
    Buffer.alloc(0),
  ];
  for (const [i, content] of damaged.entries()) {
    const path = workspace.path(`damaged-${i}.bundle`);
    writeFileSync(path, content);
    const ended = await workspace.cli(['import', ...onFiles(b), path]);
    expect(ended, `damage ${i}`).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('bad-bundle');
  }
  await b.start();
  expect(await b.texts()).toEqual([]);
  await b.stop();
});

test('what does not belong here is counted and refused with the reason', async () => {
  const [a, b] = await makeStrangers('other');
  const other = await Daemon.make(workspace, 'other-c', {
    flags: ['--allow', b.pk, '--room', 'elsewhere'],
  });
  await Promise.all([a.start(), other.start()]);
  await a.post('to nobody you know');
  await other.post('of another room');
  const [mine, theirs] = [workspace.path('stranger.bundle'), workspace.path('room.bundle')];
  await cliJson('export', '--data', a.data, mine);
  await cliJson('export', '--data', other.data, theirs);
  await b.start();
  await b.stop();
  const stranger = await workspace.cli(['import', '--data', b.data, '--key', b.key, mine]);
  expect(stranger.code).toBe(1);
  expect(stranger.stderr).toContain('not-a-member');
  const room = await workspace.cli(['import', ...onFiles(b), '--json', theirs]);
  expect(room.code).toBe(1);
  const report = JSON.parse(room.stdout) as Report;
  expect(report).toMatchObject({ stored: 0, refused: report.messages });
  expect(report.refused_feeds).toMatchObject([{ reason: 'unknown-group', author: other.pk }]);
  await Promise.all([a.stop(), other.stop()]);
});

test('F58 two branches of one feed that meet in a bundle are a fork that is proved, and no message of it counts twice', async () => {
  const [a, b] = await makeStrangers('fork');
  await Promise.all([a.start(), b.start()]);
  await a.post('both know');
  await a.stop();
  cpSync(a.data, `${a.data}.copy`, { recursive: true });
  const [one, two] = [workspace.path('one.bundle'), workspace.path('two.bundle')];
  await a.start();
  await a.post('the one');
  await a.stop();
  await cliJson('export', ...onFiles(a), one);
  const copy = await Daemon.make(workspace, 'fork-copy', {
    ...{ data: `${a.data}.copy`, key: a.key, pk: a.pk, flags: a.flags },
  });
  await copy.start();
  await copy.post('the other');
  await copy.post('and one more');
  await copy.stop();
  await cliJson('export', ...onFiles(copy), two);
  expect((await importInto(b, one)).refused).toBe(0);
  for (const forks of [1, 0]) {
    const { code, stdout } = await workspace.cli(['import', ...onFiles(b), '--json', two]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      forks,
      stored: 0,
      refused_feeds: [{ reason: 'forked' }],
    });
  }
  expect((await b.status()).counters.forks).toBe(1);
  expect((await b.texts()).sort()).toEqual(['both know', 'the one']);
  await b.stop();
});

test('F57 an import that is killed is finished by another, and the store is sound at any moment', async () => {
  const [a, b] = await makeStrangers('kill');
  await a.start();
  const texts = Array.from({ length: 400 }, (_, i) => `message ${i} ${'x'.repeat(4000)}`);
  await Promise.all(texts.map((text) => a.post(text)));
  const file = workspace.path('kill.bundle');
  await cliJson('export', '--data', a.data, file);
  await a.stop();
  await b.start();
  await b.stop();
  const isPartly = (): boolean => {
    const store = join(b.data, 'store');
    const bytes = readdirSync(store).map(
      (name) => statSync(join(store, name), { throwIfNoEntry: false })?.size ?? 0,
    );
    return bytes.reduce((sum, size) => sum + size, 0) > 300_000;
  };
  const started = workspace.spawnCli(['import', ...onFiles(b), file]);
  while (started.isRunning && !isPartly()) await new Promise((wake) => setTimeout(wake, 1));
  await started.end('SIGKILL');
  const sound = await workspace.cli(['verify', '--data', b.data]);
  expect(sound.stdout).toContain('no problem');
  const { stored, known, messages, refused } = await importInto(b, file);
  expect(stored + known).toBe(messages);
  expect(refused).toBe(0);
  await b.start();
  expect((await b.texts()).sort()).toEqual([...texts].sort());
  await b.stop();
});

test('F58 a backup of a running node is restored; it posts nothing until a peer has told, and then without a fork', async () => {
  const b = await Daemon.make(workspace, 'backup-b');
  const a = await Daemon.make(workspace, 'backup-a', { flags: ['--peers', b.address] });
  b.flags.push('--allow', a.pk);
  await Promise.all([a.start(), b.start()]);
  await a.post('before');
  const folder = workspace.path('backup');
  const made = await workspace.cli(['backup', '--data', a.data, '--key', a.key, folder]);
  expect(made).toMatchObject({ code: 0 });
  expect(made.stderr).toContain('secret key');
  for (const name of ['backup.json', 'identity.key']) {
    expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  }
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const again = await workspace.cli(['backup', '--data', a.data, '--key', a.key, folder]);
  expect(again.code).toBe(2);
  await a.post('after');
  await b.untilMessages(2);
  await a.kill();
  await b.stop();

  const data = workspace.path('restored');
  const restored = await workspace.cli(['restore', '--data', data, folder]);
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.stdout).toContain('messages in');
  const key = join(data, 'identity.key');
  const back = await Daemon.make(workspace, 'backup-back', {
    ...{ data, key, pk: a.pk, flags: a.flags },
  });
  await back.start();
  expect(await back.texts()).toEqual(['before']);
  const refused = await back.ask<{ code: string }>('POST', '/messages', { body: 'too early' });
  expect(refused).toMatchObject({ status: 503, body: { code: 'own-feed-unknown' } });
  // Not even after another start.
  await back.kill();
  await back.start();
  expect(existsSync(join(data, 'restored'))).toBe(true);
  await b.start();
  await back.untilMessages(2);
  await back.until('that it may post', async () => {
    return (await back.ask('POST', '/messages', { body: 'goes on' })).status === 201;
  });
  expect(await back.texts()).toEqual(['before', 'after', 'goes on']);
  expect((await back.status()).counters.forks).toBe(0);
  await back.stop();
  expect(existsSync(join(data, 'restored'))).toBe(false);
  await b.stop();
});

test('what is no whole backup is not restored, and a store is never written over', async () => {
  const [a] = await makeStrangers('careful');
  await a.start();
  await a.post('kept');
  const folder = workspace.path('careful-backup');
  expect((await workspace.cli(['backup', '--data', a.data, '--key', a.key, folder])).code).toBe(0);
  await a.stop();
  const over = await workspace.cli(['restore', '--data', a.data, '--key', a.key, folder]);
  expect(over).toMatchObject({ code: 2 });
  const log = readdirSync(join(folder, 'store')).find((name) => name.endsWith('.log')) ?? '';
  const path = join(folder, 'store', log);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
  writeFileSync(path, bytes);
  const data = workspace.path('careful-restored');
  const damaged = await workspace.cli(['restore', '--data', data, folder]);
  expect(damaged.code).toBe(1);
  expect(existsSync(join(data, 'store'))).toBe(false);
  expect(existsSync(join(data, 'identity.key'))).toBe(false);
});
