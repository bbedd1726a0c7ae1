// docs/EVENTS.md against the program: its tables, and its transcript run on a real node. What it shows
// of other clients is run by test/e2e/event-clients.test.ts.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventNames } from '../src/http/event-selection.ts';
import { httpTimes, readersMax, streamQueueBytesMax } from '../src/http/limits.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';
import { Session, stepsOf } from './support/transcript.ts';

const page = readFileSync('docs/EVENTS.md', 'utf8');
const [, table = ''] = page.split('\n## What comes\n');

test('the page lists every event, and no other', () => {
  const rows = table.trim().split('\n\n')[0]?.split('\n').slice(2) ?? [];
  const names = rows.flatMap((row) => {
    const [, cell = ''] = row.split('|');
    return [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  });
  expect(names).toEqual(eventNames);
});

test('the page gives the bounds that are in force', () => {
  expect(page).toContain(`at most ${streamQueueBytesMax / 1024} KiB wait for it`);
  expect(page).toContain(`Up to ${readersMax} streams and long polls`);
  expect(httpTimes.keepAliveMs).toBeLessThanOrEqual(15_000);
  expect(page).toContain('A comment line comes at least every 15 s');
});

const noCurl = spawnSync('curl', ['--version']).error !== undefined;
if (noCurl) process.stderr.write('skipped: the transcript of docs/EVENTS.md needs curl\n');

test.skipIf(noCurl)('the transcript of the page is what a node answers', async () => {
  const folder = await temporaryDirectory();
  const session = new Session(folder);
  try {
    for (const step of stepsOf(page)) {
      const { printed, pattern } = await session.run(step);
      expect(printed).toMatch(pattern);
      session.learn(printed, pattern);
    }
  } finally {
    expect(await session.close()).toEqual([0]);
    await removeDirectory(folder);
  }
});
