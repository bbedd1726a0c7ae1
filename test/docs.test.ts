// docs/OPERATIONS.md against the program: its transcripts are run on real nodes.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkNames } from '../src/cli/doctor/finding.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';
import { Session, stepsOf } from './support/transcript.ts';

const page = readFileSync('docs/OPERATIONS.md', 'utf8');
const slowMs = 60_000;

const canRun = spawnSync('curl', ['--version']).status === 0;
if (!canRun) process.stderr.write('there is no curl: docs/OPERATIONS.md is not run\n');

describe.skipIf(!canRun)('the transcripts', () => {
  let folder: string;
  let session: Session;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    session = new Session(folder);
  });

  afterAll(async () => {
    expect(await session.close()).toEqual([0, 0]);
    await removeDirectory(folder);
  }, slowMs);

  test.each(stepsOf(page).map((step) => [`${step.machine}$ ${step.command}`, step] as const))(
    '%s',
    async (_, step) => {
      const { printed, pattern } = await session.run(step);
      expect(printed).toMatch(pattern);
      session.learn(printed, pattern);
    },
    slowMs,
  );
});

test('the table of checks has each of them, in the order in which they are shown', () => {
  const [, section = ''] = page.split('\n| Check ');
  const rows = [...(section.split('\n\n')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(
    ([, name]) => name,
  );
  expect(rows).toEqual([...checkNames]);
});

test.each(['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'docs/OPERATIONS.md'])(
  'every file that %s links to is there',
  (path) => {
    const text = readFileSync(path, 'utf8');
    const base = new URL(path, `file://${process.cwd()}/`);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const [, target = ''] of links) {
      expect(() => readFileSync(new URL(target, base)), target).not.toThrow();
    }
  },
);
