// What the doctor says of bounds that were met, by what the daemon says of its counters.
import { expect, test } from 'vitest';
import { checkLimits } from '../../src/cli/doctor/limits.ts';
import type { Patient } from '../../src/cli/doctor/patient.ts';
import type { StatusView } from '../../src/chat/view.ts';

function findingsOf(counters: Partial<StatusView['counters']>): unknown {
  const status = { counters: { dropped: {}, refused: {}, held: 0, forks: 0, ...counters } };
  const patient = { daemon: { status }, command: (words: string) => words };
  return checkLimits(patient as unknown as Patient);
}

const banned = { banned: 3 };

test('what was met of late is found, and what was met before that is not', () => {
  const recent = { minutes: 10, dropped: {}, refused: { banned: 1 } };
  expect(findingsOf({ refused: banned, recent })).toMatchObject([
    { what: expect.stringMatching(/banned.*\(banned: 1 in the last 10 minutes\)$/) as string },
  ]);
  expect(
    findingsOf({ refused: banned, recent: { minutes: 10, dropped: {}, refused: {} } }),
  ).toEqual([]);
});

test('a feed that is frozen is found for as long as it is', () => {
  const recent = { minutes: 10, dropped: {}, refused: {} };
  expect(findingsOf({ forks: 2, recent })).toMatchObject([
    { what: '2 feeds are frozen: their keys signed two histories' },
  ]);
});

test('of a daemon that does not know what was of late, all since its start counts', () => {
  expect(findingsOf({ refused: banned })).toMatchObject([
    { what: expect.stringMatching(/\(banned: 3 since the start\)$/) as string },
  ]);
});
