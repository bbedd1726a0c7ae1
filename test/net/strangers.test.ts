import { expect, test } from 'vitest';
import type { PublicKey } from '../../src/identity.ts';
import { strangerMs, strangersMax } from '../../src/net/limits.ts';
import { Strangers } from '../../src/net/strangers.ts';

const key = (i: number): PublicKey => i.toString(16).padStart(64, '0') as PublicKey;
const nobody = (): boolean => false;

function at(): { strangers: Strangers; pass: (ms: number) => void } {
  let now = 0;
  const clock = { now: () => now * 1000, monotonic: () => now };
  return { strangers: new Strangers(clock), pass: (ms) => (now += ms) };
}

test('a key that is refused is shown once, with where it came from last, until it gives up', () => {
  const { strangers, pass } = at();
  strangers.note(key(1), 'a:1');
  pass(1000);
  strangers.note(key(1), 'b:2');
  expect(strangers.list(nobody)).toEqual([{ pk: key(1), address: 'b:2', time: 1_000_000 }]);
  pass(strangerMs + 1);
  expect(strangers.list(nobody)).toEqual([]);
});

test('a key that is allowed meanwhile is no stranger', () => {
  const { strangers } = at();
  strangers.note(key(1), 'a:1');
  strangers.note(key(2), 'a:2');
  expect(strangers.list((pk) => pk === key(1)).map(({ pk }) => pk)).toEqual([key(2)]);
});

test('however many knock, the latest are shown and no more are kept', () => {
  const { strangers } = at();
  for (let i = 0; i < 1000; i++) strangers.note(key(i), 'a:1');
  const shown = strangers.list(nobody);
  expect(shown.length).toBe(strangersMax);
  expect(shown.at(-1)?.pk).toBe(key(999));
});
