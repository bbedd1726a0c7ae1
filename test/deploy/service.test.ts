// What a machine is given to run a node as a service, or in a container.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';
import { hasProgram, runProgramOf } from '../support/programs.ts';

const unitPath = 'deploy/skychat-node.service';
const unit = readFileSync(unitPath, 'utf8');

/** The unit as it would be installed: its program and its manual are there. */
async function installed(): Promise<{ path: string; manual: string }> {
  const folder = await temporaryDirectory();
  onTestFinished(() => removeDirectory(folder));
  mkdirSync(join(folder, 'man', 'man1'), { recursive: true });
  symlinkSync(resolve('man/skychat-node.1'), join(folder, 'man', 'man1', 'skychat-node.1'));
  const path = join(folder, 'skychat-node.service');
  writeFileSync(path, unit.replace('/usr/bin/skychat-node', process.execPath));
  return { path, manual: join(folder, 'man') };
}

const canAnalyze = hasProgram('systemd-analyze', 'the check of the unit');

test.skipIf(!canAnalyze)('systemd-analyze has nothing to say about the unit', async () => {
  const { path, manual } = await installed();
  const ran = runProgramOf('env', [`MANPATH=${manual}`, 'systemd-analyze', 'verify', path]);
  expect(ran).toEqual({ status: 0, printed: '' });
});

test.skipIf(!canAnalyze)('the unit is among the least exposed', () => {
  // In tenths; below 2.0 it is "OK", an unguarded service has 9.6.
  const words = ['security', '--offline=true', '--threshold=20', unitPath];
  const { status, printed } = runProgramOf('systemd-analyze', words);
  expect(printed).toMatch(/Overall exposure level for skychat-node.service: [01]\.\d/);
  expect(status).toBe(0);
});

test('the unit waits for the word of the node, and for as long as it drains', () => {
  const settings = new Map(
    [...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  expect(settings.get('Type')).toBe('notify');
  expect(settings.get('NotifyAccess')).toBe('all');
  expect(settings.get('RestartPreventExitStatus')).toBe('2');
  expect(Number(settings.get('TimeoutStopSec'))).toBeGreaterThan(10);
  expect(settings.get('MemoryDenyWriteExecute')).toBe('no');
});

const dockerfile = readFileSync('Dockerfile', 'utf8').replaceAll('\\\n', ' ');

/** What is copied from the checkout, and not from an earlier stage. */
function copied(): string[] {
  const lines = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)];
  return lines.flatMap(([, paths = '']) => paths.split(' '));
}

test('everything that the image is built from is there, and gets to the builder', () => {
  const sent = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  expect(copied().length).toBeGreaterThan(4);
  for (const path of copied()) {
    expect(existsSync(path), path).toBe(true);
    expect(sent).toContain(path.replace('./', ''));
  }
});

test('the scripts that the image runs are there, and the build needs no other file', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [, name = ''] of dockerfile.matchAll(/npm run (\S+)/g))
    expect(scripts).toHaveProperty(name);
  for (const word of scripts['build']?.split(' ') ?? []) {
    if (/\.(json|js|ts)$/.test(word)) expect(copied()).toContain(word);
  }
});

test('the container runs as nobody, and ends as the node does', () => {
  const [, stage = ''] = dockerfile.split(/^FROM .*\n/m).slice(1);
  expect(stage).toMatch(/^USER node$/m);
  expect(stage.indexOf('USER node')).toBeGreaterThan(stage.lastIndexOf('RUN'));
  expect(stage).toMatch(/^ENTRYPOINT \["skychat-node"\]$/m);
  expect(stage).toMatch(/HEALTHCHECK .* CMD \["skychat-node", "status", "--json"\]/);
  expect(stage).toMatch(/^STOPSIGNAL SIGTERM$/m);
});
