import { expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { domainPrefix } from '../../src/cxo/ids.ts';
import { purposes, sign, verifySignature } from '../../src/cxo/sign.ts';
import { testIdentity } from '../support/feeds.ts';

const identity = testIdentity(0);
const bytes = utf8('the same bytes');
const pairs = purposes.flatMap((made) => purposes.map((taken) => [made, taken] as const));

test.each(pairs)(
  'F40 what was signed as a %s is valid as a %s only if that is the same',
  (made, taken) => {
    const signature = sign(identity, made, bytes);
    expect(verifySignature(identity.publicKey, taken, bytes, signature)).toBe(made === taken);
  },
);

test('no purpose begins like another, whatever bytes follow', () => {
  const prefixes = purposes.map(domainPrefix);
  for (const [i, a] of prefixes.entries()) {
    for (const [j, b] of prefixes.entries()) {
      const isPrefix = a.every((byte, at) => byte === b[at]);
      expect(isPrefix, `${String(purposes[i])} and ${String(purposes[j])}`).toBe(i === j);
    }
  }
});
