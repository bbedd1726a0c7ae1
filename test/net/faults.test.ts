import { expect, test } from 'vitest';
import { Faults, faultWords, inWords } from '../../src/net/faults.ts';
import { logKeysMax, logQuietMs } from '../../src/net/limits.ts';
import { recordingLogger, type LoggedLine } from '../support/net-rig.ts';
import { ManualTime } from '../support/net-time.ts';

test('the reasons are a closed set, there from the beginning', () => {
  const faults = new Faults(recordingLogger([]), new ManualTime());
  expect(Object.keys(faults.counters()).sort()).toEqual(Object.keys(faultWords).sort());
  expect(new Set(Object.values(faults.counters()))).toEqual(new Set([0]));
});

test('each reason and each host has its own line in a while', () => {
  const lines: LoggedLine[] = [];
  const time = new ManualTime();
  const faults = new Faults(recordingLogger(lines), time);
  for (let port = 1; port < 10; port++) {
    faults.report('bad-handshake', `10.0.0.1:${port}`);
    faults.report('bad-handshake', `10.0.0.2:${port}`);
    faults.report('bad-frame', `10.0.0.1:${port}`);
  }
  expect(lines).toHaveLength(3);
  time.jump(logQuietMs);
  faults.report('bad-frame', '10.0.0.1:1');
  expect(lines[3]?.fields).toMatchObject({ unlogged: 8 });
  expect(faults.counters()['bad-frame']).toBe(10);
});

test('the memory of the log is bounded', () => {
  const lines: LoggedLine[] = [];
  const faults = new Faults(recordingLogger(lines), new ManualTime());
  for (let host = 0; host <= logKeysMax; host++) faults.report('bad-frame', `h${host}:1`);
  // The oldest was forgotten and may write again, the newest was not.
  faults.report('bad-frame', 'h0:1');
  faults.report('bad-frame', `h${logKeysMax}:1`);
  expect(lines).toHaveLength(logKeysMax + 2);
});

test('what happens every day is no warning', () => {
  const lines: LoggedLine[] = [];
  const faults = new Faults(recordingLogger(lines), new ManualTime());
  for (const fault of ['lost', 'unreachable', 'handshake-closed'] as const) {
    faults.report(fault, 'h:1');
  }
  expect(lines.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug']);
});

test('an end is told in words that say whose decision it was', () => {
  expect(inWords('not-allowed', true)).toBe("the peer does not allow this node's key");
  expect(inWords('not-allowed', false)).toBe("the peer's key is not allowed");
  expect(inWords('bad-root', true)).toBe('the peer ended the link: bad-root');
  expect(inWords('bad-root', false)).toBe('this node ended the link: bad-root');
  // Names that every object has are not reasons.
  expect(inWords('constructor', true)).toBe('the peer ended the link: constructor');
  expect(inWords('constructor', false)).toBe('this node ended the link: constructor');
});
