import { expect, test } from 'vitest';
import { parsePublicKey } from '../../src/identity.ts';
import { identityAt } from '../support/net-rig.ts';
import { ManualTime } from '../support/net-time.ts';
import { Bans } from '../../src/net/bans.ts';
import { Gate } from '../../src/net/gate.ts';
import {
  banMsMax,
  banMsMin,
  bansMax,
  unauthenticatedMax,
  unauthenticatedOfAddressMax,
} from '../../src/net/limits.ts';

const settle = (): Promise<void> => Promise.resolve();

test('one host gets so many places, whatever its ports, and others still get in', () => {
  const gate = new Gate();
  const places = Array.from({ length: unauthenticatedOfAddressMax }, (_, port) =>
    gate.enter(`[::1]:${port}`),
  );
  expect(places.every((place) => typeof place === 'object')).toBe(true);
  expect(gate.enter('[::1]:9')).toBe('too-many-connections-of-address');
  expect(gate.enter('[::2]:9')).toBeTypeOf('object');
});

test('all hosts together get so many places', () => {
  const gate = new Gate();
  for (let i = 0; i < unauthenticatedMax; i++)
    expect(gate.enter(`10.0.0.${i}:1`)).toBeTypeOf('object');
  expect(gate.enter('10.0.1.1:1')).toBe('too-many-connections');
});

test('a place that is left is free again, once', () => {
  const gate = new Gate();
  const enter = (): { leave: () => void } => {
    const place = gate.enter('h:1');
    if (typeof place === 'string') throw new Error(place);
    return place;
  };
  const places = Array.from({ length: unauthenticatedOfAddressMax }, enter);
  places[0]?.leave();
  places[0]?.leave();
  enter();
  expect(gate.enter('h:2')).toBe('too-many-connections-of-address');
});

test('each ban of a key is twice as long, up to a bound', async () => {
  const time = new ManualTime();
  const bans = new Bans(time);
  const key = identityAt(0).publicKey;
  const lengths = Array.from({ length: 12 }, () => bans.add(key));
  expect(lengths.slice(0, 3)).toEqual([banMsMin, 2 * banMsMin, 4 * banMsMin]);
  expect(lengths.at(-1)).toBe(banMsMax);
  expect(bans.leftMs(key)).toBe(banMsMax);
  await time.advance(banMsMax, settle);
  expect(bans.leftMs(key)).toBe(0);
  expect(bans.leftMs(identityAt(1).publicKey)).toBe(0);
});

test('a long good conduct makes a clean slate', async () => {
  const time = new ManualTime();
  const bans = new Bans(time);
  const key = identityAt(0).publicKey;
  bans.add(key);
  bans.add(key);
  await time.advance(2 * banMsMin + banMsMax + 1, settle);
  expect(bans.add(key)).toBe(banMsMin);
});

test('the oldest ban is forgotten when there are too many', () => {
  const bans = new Bans(new ManualTime());
  const keys = Array.from({ length: bansMax + 1 }, (_, i) => {
    return parsePublicKey(i.toString(16).padStart(64, '0')) ?? identityAt(0).publicKey;
  });
  for (const key of keys) bans.add(key);
  expect(keys.filter((key) => bans.leftMs(key) > 0)).toHaveLength(bansMax);
  expect(bans.leftMs(keys[0] ?? identityAt(0).publicKey)).toBe(0);
});
