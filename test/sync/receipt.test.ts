// The bytes of a receipt: what is signed is what is read, and nobody can say anything for another.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat } from '../../src/bytes.ts';
import { sign, signatureBytes } from '../../src/cxo/sign.ts';
import { publicKeyBytes, publicKeyOfBytes } from '../../src/identity.ts';
import { syncLimits } from '../../src/sync/limits.ts';
import {
  buildReceipt,
  parseReceipt,
  receiptDigestBytes,
  verifyReceipt,
  type ReceiptBody,
  type ReceiptEntry,
} from '../../src/sync/receipt.ts';
import { testGroup, testIdentity } from '../support/feeds.ts';
import { flipBit, mutated } from '../support/values.ts';
import { group } from './rig.ts';

const member = testIdentity(1);
const fixed = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const entry: fc.Arbitrary<ReceiptEntry> = fc.record({
  author: fixed(32).map(publicKeyOfBytes),
  head: fc.maxSafeNat(),
  seq: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
});
const body: fc.Arbitrary<ReceiptBody> = fc.record({
  number: fc.maxSafeNat(),
  digest: fixed(32),
  entries: fc.array(entry, { maxLength: syncLimits.receiptEntriesMax }),
});

test('a receipt is read as it was built, and its member alone has signed it', () => {
  fc.assert(
    fc.property(body, (built) => {
      const bytes = buildReceipt(member, group, built);
      expect(parseReceipt(bytes)).toEqual({
        ...{ member: member.publicKey, number: built.number, entries: built.entries },
        digest: built.digest.slice(0, receiptDigestBytes),
      });
      expect(verifyReceipt(group, member.publicKey, bytes)).toBe(true);
      expect(verifyReceipt(testGroup('another'), member.publicKey, bytes)).toBe(false);
    }),
    { numRuns: 50 },
  );
});

test('a receipt with one bit flipped is no receipt, or is not signed', () => {
  fc.assert(
    fc.property(body, fc.nat(), (built, place) => {
      const bytes = buildReceipt(member, group, built);
      const flipped = flipBit(bytes, place % (8 * bytes.length));
      const parsed = parseReceipt(flipped);
      expect(parsed !== undefined && verifyReceipt(group, parsed.member, flipped)).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('no bytes throw, and those of a receipt are the only ones that say it', () => {
  const some = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    mutated(body.map((built) => buildReceipt(member, group, built))),
  );
  fc.assert(
    fc.property(some, (bytes) => {
      const parsed = parseReceipt(bytes);
      if (parsed === undefined) return;
      const again = buildReceipt(member, group, parsed);
      const body = again.subarray(publicKeyBytes(parsed.member).length, -signatureBytes);
      expect(bytes.slice(32, -signatureBytes)).toEqual(body.slice());
    }),
    { numRuns: 1000 },
  );
});

test('F60 more entries than a receipt holds are neither built nor read', () => {
  const one = { author: member.publicKey, head: 0, seq: 1 };
  const digest = new Uint8Array(32);
  const most = Array.from({ length: syncLimits.receiptEntriesMax }, () => one);
  const bytes = buildReceipt(member, group, { number: 1, digest, entries: most });
  expect(parseReceipt(bytes)?.entries).toHaveLength(syncLimits.receiptEntriesMax);
  const many = { number: 1, digest, entries: [...most, one] };
  expect(() => buildReceipt(member, group, many)).toThrow('too many entries');
  const body = bytes.slice(0, -signatureBytes);
  // The count stands behind key, number and digest.
  body[32 + 1 + receiptDigestBytes] = most.length + 1;
  const longer = concat(body, publicKeyBytes(one.author), Uint8Array.of(0, 1));
  expect(parseReceipt(concat(longer, new Uint8Array(signatureBytes)))).toBeUndefined();
});

test('a receipt of nothing has 121 bytes, and each feed adds 34 or a little more', () => {
  const number = 1_800_000_000_000_000;
  const of = (...entries: ReceiptEntry[]): number =>
    buildReceipt(member, group, { number, digest: new Uint8Array(32), entries }).length;
  expect(of()).toBe(32 + 8 + 16 + 1 + 64);
  expect(of({ author: member.publicKey, head: 0, seq: 1000 })).toBe(of() + 32 + 1 + 2);
});

test('what was signed for a root is no receipt', () => {
  const receipt = buildReceipt(member, group, {
    ...{ number: 1, digest: new Uint8Array(32), entries: [] },
  });
  const body = receipt.slice(0, -signatureBytes);
  const signed = sign(member, 'root', concat(publicKeyBytes(member.publicKey), body));
  expect(verifyReceipt(group, member.publicKey, concat(body, signed))).toBe(false);
});
