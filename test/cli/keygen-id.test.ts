import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeRuntimeFile } from '../../src/cli/runtime-file.ts';
import { isUnusedKey, readKeyFile } from '../../src/key-file.ts';
import { alice, makeFolder, run } from './harness.ts';

test('keygen writes a key that reads back, and prints its public key alone', async () => {
  const cwd = makeFolder();
  const ended = await run(['keygen', 'k'], { cwd });
  const { publicKey } = readKeyFile(join(cwd, 'k'));
  expect(ended).toEqual({ code: 0, stdout: `${publicKey}\n`, stderr: '' });
  expect(isUnusedKey(join(cwd, 'k'), publicKey)).toBe(true);
});

test('keygen without a file makes the data directory for its owner alone', async () => {
  const home = makeFolder();
  const { code, stdout } = await run(['keygen', '--json'], { home });
  expect(code).toBe(0);
  const { pk, file } = JSON.parse(stdout) as { pk: string; file: string };
  expect(file).toBe(join(home, '.local/share/skychat-node/identity.key'));
  expect(readKeyFile(file).publicKey).toBe(pk);
  expect(statSync(join(home, '.local/share/skychat-node')).mode & 0o777).toBe(0o700);
});

test.each([
  [['--data', 'd'], 'd/identity.key'],
  [['--key', 'x.key'], 'x.key'],
])('keygen %j writes to %s', async (words, path) => {
  const cwd = makeFolder();
  expect((await run(['keygen', ...words], { cwd })).code).toBe(0);
  expect(statSync(join(cwd, path)).mode & 0o777).toBe(0o600);
});

test('keygen never overwrites: exit 6 and the old key stays', async () => {
  const cwd = makeFolder();
  const first = await run(['keygen', 'k'], { cwd });
  const second = await run(['keygen', 'k'], { cwd });
  expect(second).toMatchObject({ code: 6, stdout: '' });
  expect(second.stderr).toContain('key-file-exists');
  expect(`${readKeyFile(join(cwd, 'k')).publicKey}\n`).toBe(first.stdout);
});

test('keygen into a folder that does not exist, or cannot be made, is exit 1', async () => {
  const cwd = makeFolder();
  await run(['keygen', 'k'], { cwd });
  expect((await run(['keygen', 'none/k'], { cwd })).code).toBe(1);
  expect((await run(['keygen', '--data', 'k/d'], { cwd })).code).toBe(1);
  expect(readdirSync(cwd)).toEqual(['k', 'k.new']);
});

test('id prints the key alone where no address is known', async () => {
  const home = makeFolder();
  const { stdout: pk } = await run(['keygen'], { home });
  expect(await run(['id'], { home })).toEqual({ code: 0, stdout: pk, stderr: '' });
  expect(JSON.parse((await run(['id', '--json'], { home })).stdout)).toEqual({
    pk: pk.trim(),
    address: null,
    addresses: [],
  });
});

test('id prints what is advertised, wherever that is set', async () => {
  const home = makeFolder();
  const pk = (await run(['keygen'], { home })).stdout.trim();
  const { stdout } = await run(['id', '--advertise', 'h:1,[fd00::1]:2'], { home });
  expect(stdout).toBe(`${pk}@h:1\n${pk}@[fd00::1]:2\n`);
  const env = { SKYCHAT_ADVERTISE: 'h:1' };
  expect((await run(['id'], { home, env })).stdout).toBe(`${pk}@h:1\n`);
});

test('id prints where the node that runs is listening', async () => {
  const data = makeFolder();
  const pk = (await run(['keygen', '--data', data])).stdout.trim();
  const runtime = { pid: process.pid, pk, listen: '0.0.0.0:7', http: 'http://127.0.0.1:1' };
  const see = async (changes: Partial<typeof runtime>): Promise<string> => {
    writeRuntimeFile(data, { ...runtime, ...changes });
    const networkAddresses = () => [
      { address: '10.0.0.7', family: 'IPv4', internal: false } as const,
    ];
    return (await run(['id', '--data', data], { networkAddresses })).stdout;
  };
  expect(await see({})).toBe(`${pk}@10.0.0.7:7\n`);
  expect(await see({ listen: '[::1]:7' })).toBe(`${pk}@[::1]:7\n`);
  expect(await see({ pk: alice })).toBe(`${pk}\n`);
  expect(await see({ pid: 2 ** 30 })).toBe(`${pk}\n`);
});

test('id --qr draws the address above the line', async () => {
  const home = makeFolder();
  await run(['keygen'], { home });
  const { stdout } = await run(['id', '--qr', '--advertise', 'h:1'], { home });
  expect(stdout).toMatch(/^█[█▀▄ \n]+\n[0-9a-f]{64}@h:1\n$/);
});

test('id without a key is exit 5, and with one that others can read exit 1', async () => {
  const home = makeFolder();
  const absent = await run(['id'], { home });
  expect(absent).toMatchObject({ code: 5, stdout: '' });
  expect(absent.stderr).toContain('keygen');
  expect(readdirSync(home)).toEqual([]);
  await run(['keygen'], { home });
  chmodSync(join(home, '.local/share/skychat-node/identity.key'), 0o644);
  const exposed = await run(['id'], { home });
  expect(exposed.code).toBe(1);
  expect(exposed.stderr).toContain('(key-file-exposed). Run: chmod 600 ');
});
