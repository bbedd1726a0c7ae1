// docs/OPERATIONS.md against the program: its transcripts are run on real nodes.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkNames } from '../src/cli/doctor/finding.ts';
import { testTranscripts } from './support/transcript-tests.ts';

const page = readFileSync('docs/OPERATIONS.md', 'utf8');

testTranscripts('docs/OPERATIONS.md', page, 2);

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
