import fc from 'fast-check';
import { encode as encodeQr } from 'uqr';
import { describe, expect, test } from 'vitest';
import { concat, utf8 } from '../../../src/bytes.ts';
import { parseBase32, toBase32 } from '../../../src/chat/groups/base32.ts';
import {
  buildInvite,
  buildJoinProof,
  inviteKeyOf,
  parseInvite,
  verifyJoinProof,
  type Invite,
  type InviteTerms,
} from '../../../src/chat/groups/invite.ts';
import { inviteLimits } from '../../../src/chat/limits.ts';
import { encode, type Value } from '../../../src/cxo/codec.ts';
import { groupIdOfBytes, objectIdOf } from '../../../src/cxo/ids.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import { sign, signatureBytes } from '../../../src/cxo/sign.ts';
import { identityOfSeed, publicKeyBytes } from '../../../src/identity.ts';
import { flipBit } from '../../support/values.ts';

const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const admin = identityOfSeed(seedOf(1));
const member = identityOfSeed(seedOf(2));
const joiner = identityOfSeed(seedOf(3));

const genesis = buildObject(
  {
    ...{ kind: 'genesis', name: '', encrypted: true },
    founder: publicKeyBytes(admin.publicKey),
  },
  seedOf(9).slice(0, 16),
);
const group = groupIdOfBytes(objectIdOf(genesis));
const terms: InviteTerms = {
  genesis,
  nodes: [
    { pk: admin.publicKey, addresses: ['192.168.178.20:8870', '[2001:db8::20]:8870'] },
    { pk: member.publicKey, addresses: ['chat.example.net:8870'] },
  ],
  expires: 1_800_000_000_000_000,
  uses: 5,
  history: true,
  seed: seedOf(7),
};
const link = buildInvite(admin, terms);

function taken(text: string): Invite {
  const invite = parseInvite(text);
  if (invite === 'invite-altered') throw new Error('the invite was refused');
  return invite;
}

const prefix = 'skychat://';
const bytesOf = (text: string): Uint8Array =>
  parseBase32(text.slice(prefix.length)) ?? new Uint8Array();

test('an invite says what it was made with, and who made it', () => {
  expect(taken(link)).toEqual({ ...terms, group, inviter: admin.publicKey });
});

test('without an end, a number of uses or an address it is an invite as well', () => {
  const open = { ...terms, nodes: [], expires: null, uses: null, history: false };
  expect(taken(buildInvite(admin, open))).toMatchObject(open);
});

test('it is written in characters that a QR code holds densely, and three addresses fit version 15', () => {
  expect(link).toMatch(/^skychat:\/\/[A-Z2-7]+$/);
  expect(link.length).toBeLessThan(620);
  expect(encodeQr(link.toUpperCase()).version).toBeLessThanOrEqual(15);
  expect(encodeQr(link).version).toBeGreaterThan(encodeQr(link.toUpperCase()).version);
});

test.each<[string, (text: string) => string]>([
  ['in lower case', (text) => text.toLowerCase()],
  ['in upper case', (text) => text.toUpperCase()],
  ['without slashes', (text) => text.replace('//', '')],
  ['with space around', (text) => `\n\t ${text} \r\n`],
  ['broken into lines', (text) => text.replaceAll(/(.{76})/g, '$1\r\n    ')],
  ['with spaces that no font shows', (text) => text.replaceAll(/(.{30})/g, '$1\u200b\u00a0\ufeff')],
])('it is taken %s', (_, change) => {
  expect(taken(change(link))).toEqual(taken(link));
});

describe('an altered invite is refused', () => {
  test('whichever bit is flipped', () => {
    const bytes = bytesOf(link);
    for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
      const text = prefix + toBase32(flipBit(bytes, bit));
      expect(parseInvite(text), String(bit)).toBe('invite-altered');
    }
  });

  test('wherever it is cut, and whatever follows it', () => {
    for (let end = 0; end < link.length; end += 7) {
      expect(parseInvite(link.slice(0, end))).toBe('invite-altered');
    }
    for (const more of ['A', 'AAAAAAAA', '=', '?', link]) {
      expect(parseInvite(link + more)).toBe('invite-altered');
    }
  });

  test('whatever text it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => prefix + toBase32(bytes)),
      fc.uint8Array({ maxLength: 200 }).map((b) => prefix + toBase32(concat(Uint8Array.of(1), b))),
    );
    fc.assert(
      fc.property(text, (each) => {
        expect(parseInvite(each)).toBe('invite-altered');
      }),
      { numRuns: 300 },
    );
  });

  test('of any length', () => {
    const long = link + ' '.repeat(inviteLimits.linkCharactersMax);
    expect(parseInvite(long)).toBe('invite-altered');
  });

  test('where somebody else signed it, or it was signed for another purpose', () => {
    const signed = bytesOf(link).subarray(0, -signatureBytes);
    for (const forged of [sign(member, 'invite', signed), sign(admin, 'join', signed)]) {
      expect(parseInvite(prefix + toBase32(concat(signed, forged)))).toBe('invite-altered');
    }
  });

  const good: Value[] = [
    genesis,
    publicKeyBytes(admin.publicKey),
    [[new Uint8Array(), 'a:1']],
    null,
    1,
    false,
    seedOf(7),
    null,
  ];
  const signedBy = (value: Value, version = 1): string => {
    const signed = concat(Uint8Array.of(version), encode(value));
    return prefix + toBase32(concat(signed, sign(admin, 'invite', signed)));
  };
  const text = buildObject({ kind: 'text', text: 'x' }, seedOf(9).slice(0, 16));
  const changed = (at: number, value: Value): Value => good.with(at, value);

  test('the value from which the next ones differ is taken', () => {
    expect(taken(signedBy(good)).uses).toBe(1);
  });

  test.each<[string, Value]>([
    ['another object than a genesis', changed(0, text)],
    ['no object', changed(0, utf8('x'))],
    ['a genesis that is too large', changed(0, largeGenesis())],
    ['no key', changed(1, utf8('x'))],
    ['an address without an end', changed(2, [[new Uint8Array(), 'a:1\n']])],
    ['an address that is a number', changed(2, [[new Uint8Array(), 1]])],
    ['a key of another length', changed(2, [[seedOf(1).slice(1), 'a:1']])],
    ['a key that is no point', changed(2, [[seedOf(0xff), 'a:1']])],
    ['nodes that are none', changed(2, [1])],
    ['too many nodes', changed(2, new Array<Value>(9).fill([new Uint8Array()]))],
    ['a negative end', changed(3, -1)],
    ['no use at all', changed(4, 0)],
    ['uses in words', changed(4, 'many')],
    ['no word on the history', changed(5, null)],
    ['a short secret', changed(6, seedOf(7).slice(1))],
    ['a name that is a number', changed(7, 1)],
    ['a name with spaces around it', changed(7, ' ops ')],
    ['a field more', [...good, null]],
    ['a field less', good.slice(0, -1)],
    ['a map', { a: 1 }],
  ])('though the admin signed it: %s', (_, value) => {
    expect(parseInvite(signedBy(value))).toBe('invite-altered');
  });

  test('though the admin signed it: another version', () => {
    expect(parseInvite(signedBy(good, 2))).toBe('invite-altered');
  });

  test('before it is given out: terms that nobody would take are not signed', () => {
    expect(() => buildInvite(admin, { ...terms, uses: 0 })).toThrow();
  });
});

function largeGenesis(): Uint8Array {
  const name = 'x'.repeat(inviteLimits.genesisBytesMax);
  return buildObject({ kind: 'genesis', name }, seedOf(9).slice(0, 16));
}

describe('the proof of a joiner', () => {
  const proof = buildJoinProof(terms.seed, group, joiner.publicKey);
  const invite = inviteKeyOf(terms.seed);

  test('is made from the link and verified by the key that the roster names', () => {
    expect(verifyJoinProof(invite, group, joiner.publicKey, proof)).toBe(true);
  });

  test('F43 lets in no other key, into no other group, by no other invite, and is no other signature', () => {
    const other = groupIdOfBytes(seedOf(5));
    expect(verifyJoinProof(invite, group, member.publicKey, proof)).toBe(false);
    expect(verifyJoinProof(invite, other, joiner.publicKey, proof)).toBe(false);
    expect(verifyJoinProof(admin.publicKey, group, joiner.publicKey, proof)).toBe(false);
    const own = identityOfSeed(terms.seed);
    const bytes = concat(objectIdOf(genesis), publicKeyBytes(joiner.publicKey));
    const asInvite = sign(own, 'invite', bytes);
    expect(verifyJoinProof(invite, group, joiner.publicKey, asInvite)).toBe(false);
    expect(verifyJoinProof(invite, group, joiner.publicKey, flipBit(proof, 77))).toBe(false);
  });
});
