import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../../../test/support/temporary.ts';
import { Cursors, everything } from '../src/cursors.ts';
import { cursorsMax } from '../src/limits.ts';
import { bob, ops, self } from './support/fake-node.ts';

async function open(state?: string): Promise<{ cursors: Cursors; state: string }> {
  const folder = state ?? (await temporaryDirectory());
  if (state === undefined) onTestFinished(() => removeDirectory(folder));
  const warn = (message: string): never => {
    throw new Error(message);
  };
  return { cursors: new Cursors({ state: folder, agent: 'a', warn }), state: folder };
}

test('cursors are there after a restart, each of its own node and group', async () => {
  const { cursors, state } = await open();
  cursors.set(self, everything, '1');
  cursors.set(self, ops, '2');
  cursors.set(bob, everything, '3');
  const again = (await open(state)).cursors;
  expect(again.find(self, everything)).toBe('1');
  expect(again.find(self, ops)).toBe('2');
  expect(again.find(bob, everything)).toBe('3');
  expect(again.find(bob, ops)).toBeUndefined();
});

test('the file is for its owner alone, and nothing is left beside it', async () => {
  const { cursors, state } = await open();
  cursors.set(self, everything, '1');
  expect(statSync(cursors.pathOf(self)).mode & 0o777).toBe(0o600);
  expect(readdirSync(state)).toHaveLength(1);
});

test('what was taken back is as it was', async () => {
  const { cursors, state } = await open();
  cursors.set(self, everything, '1');
  cursors.set(self, ops, '2');
  cursors.restore(self, everything, '0');
  cursors.restore(self, ops, undefined);
  const again = (await open(state)).cursors;
  expect([again.find(self, everything), again.find(self, ops)]).toEqual(['0', undefined]);
});

test('of too many groups the one that was used least recently goes, and never the place in everything', async () => {
  const { cursors } = await open();
  cursors.set(self, everything, '0');
  for (let at = 0; at < cursorsMax; at++) cursors.set(self, `group ${at}`, String(at));
  expect(cursors.find(self, 'group 0')).toBeUndefined();
  expect(cursors.find(self, 'group 1')).toBe('1');
  expect(cursors.find(self, everything)).toBe('0');
  const file = JSON.parse(readFileSync(cursors.pathOf(self), 'utf8')) as { cursors: object };
  expect(Object.keys(file.cursors)).toHaveLength(cursorsMax);
});

test.each(['', '{', '[]', 'null', '{"node":"other","cursors":{"*":"9"}}', ' '.repeat(100_000)])(
  'a damaged file, or that of another node, is a beginning: %#',
  async (content) => {
    const { cursors, state } = await open();
    writeFileSync(cursors.pathOf(self), content);
    const again = (await open(state)).cursors;
    expect(again.find(self, everything)).toBeUndefined();
    again.set(self, everything, '1');
    expect((await open(state)).cursors.find(self, everything)).toBe('1');
  },
);

/** In a process of its own, since what is tested against is that it never ends. */
const keepBelowProc = `
  import { Cursors } from './packages/mcp/src/cursors.ts';
  const warn = (message) => process.stdout.write(message + '\\n');
  new Cursors({ state: '/proc/x', agent: 'a', warn }).set('0'.repeat(64), '*', '1');
`;

test.skipIf(!existsSync('/proc/self'))(
  'where no folder can be made a warning says so, and the agent goes on',
  () => {
    const words = ['--import', 'tsx', '--input-type=module', '-e', keepBelowProc];
    const { status, stdout } = spawnSync(process.execPath, words, {
      ...{ timeout: 20_000, killSignal: 'SIGKILL', encoding: 'utf8' },
    });
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^the cursor is not kept over a restart: [^\n]*\/proc\/x[^\n]*\n$/),
    ]);
  },
);

test('folders are made as the node makes them', () => {
  const [own, nodes] = ['packages/mcp/src/folder.ts', 'src/folder.ts'];
  expect(readFileSync(own, 'utf8')).toBe(readFileSync(nodes, 'utf8'));
});
