import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { domainHash, objectIdOf } from '../../../src/cxo/ids.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import { roomOfName } from '../../../src/chat/room.ts';
import { buildGenesis, directGenesis, parseGenesis } from '../../../src/chat/roster/genesis.ts';
import { publicKeyBytes } from '../../../src/identity.ts';
import { testIdentity } from '../../support/feeds.ts';

const founder = testIdentity(0).publicKey;
const other = testIdentity(1).publicKey;
const salt = new Uint8Array(16).fill(7);
const fields = {
  kind: 'genesis',
  name: 'team',
  encrypted: false,
  founder: publicKeyBytes(founder),
};

test('a genesis is read back, and its id is that of its object', () => {
  for (const encrypted of [false, true]) {
    const genesis = buildGenesis({ name: 'team', encrypted, founder }, salt);
    expect(genesis.id).toBe(toHex(objectIdOf(genesis.bytes)));
    expect(genesis.name).toBe(encrypted ? '' : 'team');
    expect(parseGenesis(genesis.bytes)).toEqual(genesis);
  }
  expect(() => buildGenesis({ name: ' ', encrypted: false, founder }, salt)).toThrow('not a name');
});

test('both sides of a direct conversation find the same group', () => {
  const genesis = directGenesis(founder, other);
  expect(directGenesis(other, founder)).toEqual(genesis);
  expect(parseGenesis(genesis.bytes)).toEqual(genesis);
  expect(() => directGenesis(founder, founder)).toThrow('two keys');
});

test('the genesis of a room is none of a group with a roster', () => {
  expect(parseGenesis(roomOfName('lobby').genesis)).toBeUndefined();
});

test.each([
  ['a key that is no point', { ...fields, founder: new Uint8Array(32) }],
  ['a short key', { ...fields, founder: publicKeyBytes(founder).slice(1) }],
  ['a field more', { ...fields, members: [] }],
  ['no name', { ...fields, name: '' }],
  ['a name that hides something', { ...fields, name: 'te\u200Bam' }],
  ['a name that an encrypted group shows', { ...fields, encrypted: true }],
  ['another kind', { ...fields, kind: 'roster' }],
  ['neither true nor false', { ...fields, encrypted: 1 }],
])('no genesis has %s', (_, wrong) => {
  expect(parseGenesis(buildObject(fields, salt))).toBeDefined();
  expect(parseGenesis(buildObject(wrong, salt))).toBeUndefined();
});

test('no direct genesis has its keys in another order, one twice, or a salt of its own', () => {
  const keys = [founder, other].sort().map(publicKeyBytes);
  const [low, high] = keys;
  if (low === undefined || high === undefined) throw new Error('two');
  const build = (direct: Uint8Array[], own?: Uint8Array, more = {}): Uint8Array =>
    buildObject(
      { kind: 'genesis', encrypted: true, founder: null, direct, ...more },
      own ?? domainHash('direct', ...direct).slice(0, 16),
    );
  expect(parseGenesis(build([low, high]))?.kind).toBe('direct');
  expect(parseGenesis(build([high, low]))).toBeUndefined();
  expect(parseGenesis(build([low, low]))).toBeUndefined();
  expect(parseGenesis(build([low, high], salt))).toBeUndefined();
  expect(parseGenesis(build([low, high], undefined, { encrypted: false }))).toBeUndefined();
  expect(parseGenesis(build([low, high], undefined, { name: 'us' }))).toBeUndefined();
  expect(parseGenesis(build([low, new Uint8Array(32).fill(255)]))).toBeUndefined();
});
