import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../../src/bytes.ts';
import { parseObject } from '../../../src/cxo/object.ts';
import { systemRandom } from '../../../src/env.ts';
import { publicKeyOfBytes, type PublicKey } from '../../../src/identity.ts';
import { sealingLimits } from '../../../src/chat/limits.ts';
import { epochIdOfBytes } from '../../../src/chat/sealing/epoch-id.ts';
import { EpochRecords } from '../../../src/chat/sealing/epoch-records.ts';
import { buildEpoch, parseEpochPart, type EpochPart } from '../../../src/chat/sealing/epoch.ts';
import { KeyGrants } from '../../../src/chat/sealing/key-grants.ts';
import { identityOf } from './rig.ts';

const keyOf = (byte: number): PublicKey => publicKeyOfBytes(new Uint8Array(32).fill(byte));
const idOf = (number: number) => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, number);
  return epochIdOfBytes(bytes);
};
const prefixesOf = (...bytes: number[]): Uint8Array =>
  concat(...bytes.map((byte) => new Uint8Array(8).fill(byte)));
const partOf = (number: number, changes: Partial<EpochPart> = {}): EpochPart => ({
  ...{ id: idOf(number), generation: number, base: 0, part: 0, parts: 1 },
  ...{ prefixes: prefixesOf(1, 2), sealed: new Uint8Array() },
  ...changes,
});
const place = { head: 0, seq: 1 };

describe('the records of epochs', () => {
  test('are there once every part is, in any order', () => {
    const parts = [0, 1, 2].map((part) =>
      partOf(1, { part, parts: 3, prefixes: prefixesOf(2 * part, 2 * part + 1) }),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: 1 }), (given) => {
        const records = new EpochRecords();
        for (const part of [...given, ...given]) records.add(keyOf(9), part, 5, place);
        const recipients = records.find(idOf(1))?.recipients;
        if (given.length < 3) expect(recipients).toBeUndefined();
        else expect(recipients).toEqual(prefixesOf(0, 1, 2, 3, 4, 5));
      }),
    );
  });

  test.each([
    ['recipients', { prefixes: prefixesOf(1, 3) }],
    ['generation', { generation: 8 }],
    ['base', { base: 7 }],
    ['number of parts', { parts: 2 }],
  ])('of an issuer that says another %s the second time are never there', (_, changes) => {
    for (const order of [
      [partOf(1), partOf(1, changes)],
      [partOf(1, changes), partOf(1)],
    ]) {
      const records = new EpochRecords();
      for (const part of [...order, ...order]) records.add(keyOf(9), part, 5, place);
      expect(records.complete()).toEqual([]);
    }
  });

  test('with recipients out of order are never there', () => {
    const records = new EpochRecords();
    records.add(keyOf(9), partOf(1, { prefixes: prefixesOf(2, 1) }), 5, place);
    expect(records.complete()).toEqual([]);
  });

  test('are the last ones of each issuer, whatever the order of arrival', () => {
    const numbers = Array.from({ length: 12 }, (_, i) => i);
    fc.assert(
      fc.property(fc.shuffledSubarray(numbers, { minLength: 12 }), (order) => {
        const records = new EpochRecords();
        for (const number of order) records.add(keyOf(number % 2), partOf(number), number, place);
        const kept = records.complete().map(({ generation }) => generation);
        expect(kept).toEqual(numbers.slice(-2 * sealingLimits.epochsOfIssuerMax));
      }),
    );
  });

  test('are remembered for longer than they are sealed with, within a bound for each issuer', () => {
    const { epochsOfIssuerMax, recordsOfIssuerMax } = sealingLimits;
    const records = new EpochRecords();
    for (let i = 0; i < recordsOfIssuerMax + 9; i++) records.add(keyOf(1), partOf(i), i, place);
    expect(records.complete()).toHaveLength(epochsOfIssuerMax);
    const kept = records.remembered().map(({ generation }) => generation);
    expect(kept).toEqual(Array.from({ length: recordsOfIssuerMax }, (_, i) => i + 9));
  });

  test('that can be sealed with are pushed out by nobody’s many later ones', () => {
    const records = new EpochRecords();
    records.add(keyOf(1), partOf(1), 1, place);
    const prefixes = new Uint8Array(8 * sealingLimits.recipientsOfPartMax).fill(1);
    for (const issuer of [2, 3, 4, 5]) {
      for (let i = 0; i < sealingLimits.recordsOfIssuerMax; i++) {
        records.add(keyOf(issuer), partOf(1000 * issuer + i, { prefixes }), 9 + i, place);
      }
    }
    expect(records.find(idOf(1))).toBeDefined();
    const bytes = records
      .remembered()
      .reduce((sum, { recipients }) => sum + 2 * (recipients?.length ?? 0), 0);
    expect(bytes).toBeLessThanOrEqual(sealingLimits.recipientBytesMax);
  });

  test('F60 stay within their bound of memory: the oldest go', () => {
    const records = new EpochRecords();
    const prefixes = new Uint8Array(8 * sealingLimits.recipientsOfPartMax).fill(1);
    for (let i = 0; i < 250; i++) records.add(keyOf(i), partOf(i, { prefixes }), i, place);
    const kept = records.complete();
    const bytes = kept.reduce((sum, each) => sum + 2 * (each.recipients?.length ?? 0), 0);
    expect(bytes).toBeLessThanOrEqual(sealingLimits.recipientBytesMax);
    expect(kept.at(-1)?.generation).toBe(249);
    expect(kept.length).toBeGreaterThan(150);
  });
});

test('the objects of an epoch are as few as hold its recipients, each within an object', () => {
  const { recipientsOfPartMax, partsMax } = sealingLimits;
  const [a, b] = ['a', 'b'].map((name) => identityOf(name).publicKey);
  if (a === undefined || b === undefined) throw new Error('two keys');
  const epoch = {
    ...{
      group: new Uint8Array(32),
      issuer: a,
      epochKey: new Uint8Array(32),
      generation: 1,
      base: 2,
    },
    recipients: [...Array<PublicKey>(recipientsOfPartMax).fill(a), b],
  };
  const parts = buildEpoch(epoch, systemRandom).map((object) => {
    const parsed = parseObject(object);
    return parsed.ok ? parseEpochPart(parsed.fields) : undefined;
  });
  expect(parts.map((part) => part && [part.part, part.parts, part.prefixes.length / 8])).toEqual([
    [0, 2, recipientsOfPartMax],
    [1, 2, 1],
  ]);
  const recipients = Array<PublicKey>(recipientsOfPartMax * partsMax + 1).fill(a);
  expect(() => buildEpoch({ ...epoch, recipients }, systemRandom)).toThrow('more recipients');
});

describe('the account of grants', () => {
  const grant = (to: PublicKey, ...numbers: number[]) => ({
    ...{ to, epochs: numbers.map(idOf) },
    ...{ enc: new Uint8Array(), sealed: new Uint8Array() },
  });

  const at = (time: number) => ({ head: 0, seq: time + 1, time });
  const all = { counts: () => true };

  test('says which epochs a key was given, by all grants together', () => {
    const grants = new KeyGrants();
    grants.add(keyOf(1), at(10), grant(keyOf(2), 5, 300), keyOf(1));
    grants.add(keyOf(3), at(20), grant(keyOf(2), 7), keyOf(1));
    expect([5, 6, 7, 300].map((n) => grants.covers(keyOf(2), idOf(n), all))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(grants.covers(keyOf(4), idOf(5), all)).toBe(false);
    expect(grants.find(keyOf(2))).toMatchObject({ time: 20 });
    expect([9, 10].map((time) => grants.ownSince(keyOf(2), time))).toEqual([1, 0]);
    expect(grants.strangersTime(() => false)).toBe(20);
    expect(grants.strangersTime(() => true)).toBe(-1);
  });

  test('forgets what was given behind the cut of who gave it', () => {
    const grants = new KeyGrants();
    grants.add(keyOf(1), at(10), grant(keyOf(2), 5), keyOf(1));
    const cut = { counts: (_: PublicKey, __: number, seq: number) => seq <= 10 };
    expect(grants.covers(keyOf(2), idOf(5), cut)).toBe(false);
    grants.add(keyOf(3), at(9), grant(keyOf(2), 5), keyOf(1));
    expect(grants.covers(keyOf(2), idOf(5), cut)).toBe(true);
  });

  test('F60 forgets strangers beyond its bound, but not how late one was given keys', () => {
    const grants = new KeyGrants();
    const member = keyOf(1);
    const { granteesMax } = sealingLimits;
    for (let i = 0; i < granteesMax; i++) {
      const bytes = new Uint8Array(32);
      new DataView(bytes.buffer).setUint32(0, i);
      grants.add(member, at(i), grant(publicKeyOfBytes(bytes), 1), member);
    }
    grants.add(member, at(5), grant(member, 1), member);
    grants.prune((key) => key === member);
    expect(grants.find(publicKeyOfBytes(new Uint8Array(32)))).toBeUndefined();
    expect(grants.covers(member, idOf(1), all)).toBe(true);
    expect(grants.strangersTime((key) => key === member)).toBe(granteesMax - 1);
  });

  test('F60 names of epochs by one issuer end at its share', () => {
    const grants = new KeyGrants();
    const { keysOfIssuerMax } = sealingLimits;
    const many = Array.from({ length: keysOfIssuerMax }, (_, i) => i);
    grants.add(keyOf(1), at(1), grant(keyOf(2), ...many), keyOf(1));
    grants.add(keyOf(1), at(1), grant(keyOf(2), keysOfIssuerMax), keyOf(1));
    expect(grants.covers(keyOf(2), idOf(keysOfIssuerMax - 1), all)).toBe(true);
    expect(grants.covers(keyOf(2), idOf(keysOfIssuerMax), all)).toBe(false);
    grants.add(keyOf(3), at(1), grant(keyOf(2), keysOfIssuerMax), keyOf(1));
    expect(grants.covers(keyOf(2), idOf(keysOfIssuerMax), all)).toBe(true);
  });
});
