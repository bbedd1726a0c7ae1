import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, toHex, utf8 } from '../../../src/bytes.ts';
import type { Entry } from '../../../src/cxo/entry.ts';
import { buildObject, parseObject } from '../../../src/cxo/object.ts';
import { systemRandom } from '../../../src/env.ts';
import { epochIdOf } from '../../../src/chat/sealing/epoch-id.ts';
import {
  buildEpoch,
  buildKeyGrant,
  parseEpochPart,
  parseKeyGrant,
} from '../../../src/chat/sealing/epoch.ts';
import { hpkeSeal } from '../../../src/chat/sealing/hpke.ts';
import { sealingLimits } from '../../../src/chat/limits.ts';
import { group, last, Member, identityOf } from './rig.ts';
import { groupIdBytes } from '../../../src/cxo/ids.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../../../src/identity.ts';

const hour = 3600 * 1_000_000;
const start = 1_000_000 * hour;
const at = (hours: number, objects = 0) => ({ now: start + hours * hour, objects });
const groupBytes = groupIdBytes(group);

function members(...names: string[]): Member[] {
  const all = names.map((name) => new Member(name));
  for (const member of all) member.sees(...all);
  return all;
}

function trio(): [Member, Member, Member] {
  const [a, b, c] = members('a', 'b', 'c');
  if (a === undefined || b === undefined || c === undefined) throw new Error('three names');
  return [a, b, c];
}

function kindsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ object }) => {
    const parsed = parseObject(object ?? new Uint8Array());
    return parsed.ok ? parsed.fields.kind : parsed.reason;
  });
}

describe('a group', () => {
  test('seals what every member opens and nobody else', () => {
    const [a, b, c] = trio();
    const sent = a.send('hello', at(0));
    const outsider = new Member('outsider');
    outsider.sees(a, b, c);
    for (const node of [b, c, outsider]) node.apply(sent);
    expect([a, b, c].map((node) => node.reads(last(sent)))).toEqual(['hello', 'hello', 'hello']);
    expect(outsider.reads(last(sent))).toBe('locked');
    expect(kindsOf(sent)).toEqual(['epoch', 'sealed']);
    expect(kindsOf(a.send('again', at(1)))).toEqual(['sealed']);
    b.apply(sent);
    expect(kindsOf(b.send('answer', at(1)))).toEqual(['sealed']);
  });

  test('is locked until the epoch comes, and says so', () => {
    const [a, b] = trio();
    const sent = a.send('hello', at(0));
    expect(b.reads(last(sent))).toBe('locked');
    expect(b.apply(sent)).toBe(true);
    expect(b.apply(sent)).toBe(false);
    expect(b.reads(last(sent))).toBe('hello');
  });

  test('F39 a removed member that kept everything opens nothing that was sealed after its removal was seen', () => {
    const [a, b, c] = trio();
    const before = a.send('before', at(0));
    for (const node of [b, c]) node.apply(before);
    a.sees(a, b);
    const after = a.send('after', at(1));
    expect(kindsOf(after)).toEqual(['epoch', 'sealed']);
    for (const node of [b, c]) node.apply(after);
    c.restart();
    c.apply([...before, ...after]);
    expect(c.reads(last(after))).toBe('locked');
    expect(c.reads(last(before))).toBe('before');
    expect(b.reads(last(after))).toBe('after');
    // The one who has not seen the removal seals for all three, as its view says.
    const unaware = new Member('b');
    unaware.sees(a, b, c);
    unaware.apply([...before, ...after]);
    const late = unaware.send('late', at(2));
    c.apply(late);
    expect(c.reads(last(late))).toBe('late');
  });

  test('an epoch by somebody who did not know of a member with history is given to it by who does', () => {
    const [a, b, c] = trio();
    const d = new Member('d');
    for (const node of [a, b, c]) node.sees(a, b, c);
    const before = a.send('before', at(0));
    for (const node of [b, c]) node.apply(before);
    // In one part of a partition d comes and is given all that there is.
    for (const node of [a, d]) node.sees(a, b, c, [d, { history: true }]);
    const welcome = a.send('welcome', at(1));
    d.apply([...before, ...welcome]);
    expect(d.reads(last(before))).toBe('before');
    // In the other an epoch is made later, without it.
    b.sees(a, b);
    const apart = b.send('apart', at(2));
    for (const node of [a, c, d]) node.apply(apart);
    expect(d.reads(last(apart))).toBe('locked');
    const healed = a.send('healed', at(2.1));
    d.apply(healed);
    expect([d.reads(last(apart)), d.reads(last(healed))]).toEqual(['apart', 'healed']);
    expect(kindsOf(a.send('no more', at(2.2)))).toEqual(['sealed']);
  });

  test('the key of an epoch is written with the ticket that takes it along, though another one made it', () => {
    const [a] = trio();
    const unused = a.keys.prepare(at(0));
    expect(unused.local).toHaveLength(1);
    const sent = a.send('hello', at(0));
    expect(kindsOf(sent)).toEqual(['epoch', 'sealed']);
    a.restart();
    expect(a.reads(last(sent))).toBe('hello');
  });

  test('an epoch that its issuer kept itself out of is of no use once the issuer is removed', () => {
    const [a, b, c] = trio();
    const epochKey = new Uint8Array(32).fill(66);
    const recipients = [a.key, b.key].sort();
    const epoch = {
      group: groupBytes,
      issuer: c.key,
      epochKey,
      generation: 900,
      base: 0,
      recipients,
    };
    const entries = buildEpoch(epoch, systemRandom).map((object) => c.append(object, start));
    a.sees(a, b);
    a.apply(entries);
    const sent = a.send('without c', at(1));
    const [object] = sent.slice(-1);
    expect(toHex(object?.object ?? utf8('')).endsWith(epochIdOf(groupBytes, epochKey))).toBe(false);
    expect(kindsOf(sent)).toEqual(['epoch', 'sealed']);
  });

  test('an epoch whose key was given to somebody who is no member is of no use, in either order', () => {
    for (const order of ['epoch first', 'grant first']) {
      const [a, b, c] = trio();
      a.sees(a, b);
      b.sees(a, b, [c, { history: true }]);
      const sent = a.send('hello', at(0));
      b.apply(sent);
      const granted = b.send('for c', at(1));
      expect(kindsOf(granted)).toEqual(['keys', 'sealed']);
      const d = new Member('a');
      d.sees(a, b);
      for (const entries of order === 'epoch first' ? [sent, granted] : [granted, sent])
        d.apply(entries);
      expect(d.keys.sealingEpoch(at(2))).toBeUndefined();
      expect(kindsOf(d.send('not for c', at(2)))).toEqual(['epoch', 'sealed']);
      c.apply([...sent, ...granted]);
      expect(c.reads(last(sent))).toBe('hello');
    }
  });

  test('an epoch that no longer counts, since its issuer was cut before it, is of no use', () => {
    const [a, b, c] = trio();
    b.apply(a.send('hello', at(0)));
    expect(b.keys.sealingEpoch(at(1))).toBeDefined();
    b.roster.discount(a.key);
    expect(b.keys.sealingEpoch(at(1))).toBeUndefined();
    expect(c.keys.sealingEpoch(at(1))).toBeUndefined();
  });

  test('somebody who is no member gets nothing to append and no key to seal with', () => {
    const [a, b, c] = trio();
    c.apply(a.send('hello', at(0)));
    c.sees(a, b);
    const ticket = c.keys.prepare(at(1));
    expect(ticket.objects).toEqual([]);
    expect(() => c.send('let me', at(1))).toThrow('no epoch key');
  });

  test('what is sealed is decided when it is sealed: a removal in between means no key', () => {
    const [a, b, c] = trio();
    a.send('hello', at(0));
    const ticket = a.keys.prepare(at(1));
    a.sees(a, b);
    const place = { author: a.key, head: 0, seq: 9, index: 0 };
    const fields = { kind: 'text', text: 'x', salt: new Uint8Array(16) };
    expect(() => ticket.seal(fields, place, at(1))).toThrow('no epoch key');
    a.sees(a, b, c);
    expect(ticket.seal(fields, place, at(1))).toBeDefined();
  });

  test('an epoch ends after seven days and after 4,096 objects', () => {
    const [a] = trio();
    a.send('hello', at(0, 100));
    const end = 7 * 24;
    expect(a.keys.sealingEpoch(at(end - 1, 100))).toBeDefined();
    expect(a.keys.sealingEpoch(at(end, 100))).toBeUndefined();
    const max = sealingLimits.epochObjectsMax;
    expect(a.keys.sealingEpoch(at(1, 100 + max - 1))).toBeDefined();
    expect(a.keys.sealingEpoch(at(1, 100 + max))).toBeUndefined();
    expect(kindsOf(a.send('next', at(1, 100 + max)))).toEqual(['epoch', 'sealed']);
  });

  test('a key that is no point of the curve is no recipient and stops nobody', () => {
    const [a, b] = trio();
    const garbage = publicKeyOfBytes(new Uint8Array(32).fill(0xff));
    for (const node of [a, b]) node.roster.set(garbage, { history: true });
    const sent = a.send('hello', at(0));
    b.apply(sent);
    expect(b.reads(last(sent))).toBe('hello');
    expect(kindsOf(a.send('again', at(1)))).toEqual(['sealed']);
  });
});

describe('an epoch that is built and not stored yet', () => {
  test('comes with each append until it is seen, and is not used by one without it', () => {
    const [a] = trio();
    const early = a.keys.prepare(at(0));
    const again = a.keys.prepare(at(0));
    expect(again.objects).toEqual(early.objects);
    expect(a.keys.sealingEpoch(at(0))).toBeUndefined();
    a.apply(early.objects.map((object) => a.append(object, start)));
    expect(a.keys.prepare(at(0)).objects).toEqual([]);
    expect(a.keys.sealingEpoch(at(0))).toBeDefined();
  });

  test('is not used by an append that was prepared before it', () => {
    const [a, b, c] = trio();
    a.send('hello', at(0));
    const before = a.keys.prepare(at(1));
    a.sees(a, b);
    const later = a.keys.prepare(at(1));
    expect(later.objects).toHaveLength(1);
    const place = { author: a.key, head: 0, seq: 9, index: 0 };
    const fields = { kind: 'text', text: 'x', salt: new Uint8Array(16) };
    expect(() => before.seal(fields, place, at(1))).toThrow('no epoch key');
    expect(later.seal(fields, place, at(1))).toBeDefined();
    expect(c.key).toBeDefined();
  });

  test('is replaced where the members change before it is stored', () => {
    const [a, b] = trio();
    const first = a.keys.prepare(at(0));
    a.sees(a, b);
    const second = a.keys.prepare(at(0));
    expect(second.objects).toHaveLength(1);
    expect(second.objects).not.toEqual(first.objects);
  });
});

describe('a member that comes later', () => {
  test('without history reads from its epoch on', () => {
    const [a, b, c] = trio();
    for (const node of [a, b]) node.sees(a, b);
    const before = a.send('before', at(0));
    for (const node of [a, b, c]) node.sees(a, b, c);
    const after = a.send('after', at(1));
    c.apply([...before, ...after]);
    expect([before, after].map((sent) => c.reads(last(sent)))).toEqual(['locked', 'after']);
    expect(kindsOf(after)).toEqual(['epoch', 'sealed']);
  });

  test('with history reads everything, from whoever writes first, and no new epoch is needed', () => {
    const [a, b, c] = trio();
    for (const node of [a, b]) node.sees(a, b);
    const before = [a.send('one', at(0)), a.send('two', at(200))];
    b.apply(before.flat());
    for (const node of [a, b, c]) node.sees(a, b, [c, { history: true }]);
    const after = b.send('three', at(201));
    expect(kindsOf(after)).toEqual(['keys', 'sealed']);
    c.apply([...after, ...before.flat()]);
    const texts = [...before, after].map((sent) => c.reads(last(sent)));
    expect(texts).toEqual(['one', 'two', 'three']);
    a.apply(after);
    expect(kindsOf(a.send('four', at(202)))).toEqual(['sealed']);
  });

  test('with history is given it also where the epoch changes at the same time', () => {
    const [a, b, c] = trio();
    for (const node of [a, b]) node.sees(a, b);
    const before = a.send('before', at(0));
    for (const node of [a, c]) node.sees(a, [c, { history: true }]);
    const after = a.send('after', at(1));
    expect(kindsOf(after)).toEqual(['epoch', 'keys', 'sealed']);
    c.apply([...before, ...after]);
    expect([before, after].map((sent) => c.reads(last(sent)))).toEqual(['before', 'after']);
    expect(kindsOf(a.send('next', at(2)))).toEqual(['sealed']);
  });

  test('with history is given the rest by a member who has more than the one who gave first', () => {
    const [a, b, c] = trio();
    const d = new Member('d');
    a.sees(a, b);
    const first = a.send('first', at(0));
    for (const node of [a, b, c]) node.sees(a, b, c);
    const second = a.send('second', at(1));
    for (const node of [b, c]) node.apply([...first, ...second]);
    for (const node of [a, b, c, d]) node.sees(a, b, c, [d, { history: true }]);
    const third = c.send('third', at(2));
    a.apply(third);
    d.apply([...first, ...second, ...third]);
    expect([first, second, third].map((sent) => d.reads(last(sent)))).toEqual([
      'locked',
      'second',
      'third',
    ]);
    const fourth = a.send('fourth', at(3));
    expect(kindsOf(fourth)).toEqual(['keys', 'sealed']);
    d.apply(fourth);
    expect(d.reads(last(first))).toBe('first');
    for (const node of [b, c]) node.apply([...third, ...fourth]);
    expect(kindsOf(b.send('fifth', at(4)))).toEqual(['sealed']);
  });

  test('with history is given nothing any more once its removal was seen, or its return without', () => {
    for (const back of ['removed', 'without history', 'with history'] as const) {
      const [a, b, c] = trio();
      for (const node of [a, b]) node.sees(a, b);
      const before = a.send('before', at(0));
      for (const node of [a, c]) node.sees(a, b, [c, { history: true }]);
      const ticket = a.keys.prepare(at(1));
      const [object] = ticket.objects;
      if (object === undefined) throw new Error('nothing for c');
      expect([ticket.objects.length, ticket.mayStand(object)]).toEqual([1, true]);
      if (back === 'removed') a.sees(a, b);
      else a.sees(a, b, [c, { history: back === 'with history' }]);
      expect(ticket.mayStand(object)).toBe(back === 'with history');
      const after = a.send('after', at(1));
      c.apply([...before, ...after]);
      expect([before, after].map((sent) => c.reads(last(sent)))).toEqual(
        {
          removed: ['locked', 'locked'],
          'without history': ['locked', 'after'],
          'with history': ['before', 'after'],
        }[back],
      );
    }
  });

  test('with history is given nothing by who has seen its own removal meanwhile', () => {
    const [a, b, c] = trio();
    a.sees(a, b);
    a.send('before', at(0));
    a.sees(a, b, [c, { history: true }]);
    const ticket = a.keys.prepare(at(1));
    a.sees(b, [c, { history: true }]);
    expect(ticket.objects.map(ticket.mayStand)).toEqual([false]);
  });

  test('without history is not given what was kept for it while it had history', () => {
    const [a, b, c] = trio();
    const d = new Member('d');
    for (const node of [a, b, c]) node.sees(a, b);
    const before = a.send('before', at(0));
    // The key of an epoch that does not count is owed to its recipients: to b and c.
    for (const node of [a, b, c, d]) node.sees(a, b, d, [c, { history: true }]);
    const apart = d.send('apart', at(1));
    a.apply(apart);
    a.roster.discount(d.key);
    a.sees(a, b, [c, { history: true }]);
    expect(a.keys.prepare(at(1)).objects).toHaveLength(2);
    a.sees(a, b, c);
    const after = a.send('after', at(1));
    expect(kindsOf(after)).toEqual(['epoch', 'keys', 'keys', 'sealed']);
    c.apply([...before, ...after]);
    expect([before, apart, after].map((sent) => c.reads(last(sent)))).toEqual([
      'locked',
      'apart',
      'after',
    ]);
  });

  test('is one of at most 16 to whom history goes along with one post', () => {
    const [a, b] = trio();
    for (const node of [a, b]) node.sees(a, b);
    a.send('hello', at(0));
    const many = Array.from({ length: 20 }, (_, i) => new Member(`joiner ${i}`));
    a.sees(a, b, ...many.map((each) => [each, { history: true }] as const));
    expect(kindsOf(a.send('one', at(1)))).toEqual([
      'epoch',
      ...Array<string>(16).fill('keys'),
      'sealed',
    ]);
    expect(kindsOf(a.send('two', at(1)))).toEqual([...Array<string>(4).fill('keys'), 'sealed']);
    expect(kindsOf(a.send('three', at(1)))).toEqual(['sealed']);
  });
});

describe('bad input', () => {
  const contents = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .record({ kind: fc.constantFrom('epoch', 'keys', 'sealed', 'text') })
      .map((fields) => buildObject(fields, new Uint8Array(16))),
    fc
      .record({
        generation: fc.maxSafeNat(),
        part: fc.nat(5),
        parts: fc.nat(5),
        base: fc.maxSafeNat(),
        commitment: fc.uint8Array({ minLength: 15, maxLength: 16 }),
        sealed: fc.uint8Array({ minLength: 87, maxLength: 88 }),
      })
      .map((fields) => buildObject({ kind: 'epoch', ...fields }, new Uint8Array(16))),
    fc
      .record({
        to: fc.constant(identityOf('a')).map(({ linkKeys }) => linkKeys.publicKey),
        epochs: fc.uint8Array({ minLength: 15, maxLength: 16 }),
        enc: fc.uint8Array({ minLength: 31, maxLength: 32 }),
        sealed: fc.uint8Array({ minLength: 47, maxLength: 48 }),
      })
      .map((fields) => buildObject({ kind: 'keys', ...fields }, new Uint8Array(16))),
  );

  test('never throws, gives no key, and leaves the group able to seal', () => {
    fc.assert(
      fc.property(fc.array(contents, { maxLength: 8 }), (objects) => {
        const [a, b] = trio();
        expect(a.apply(objects.map((object) => b.append(object, start)))).toBe(false);
        expect(objects.every((object) => a.open(b.append(object, start)).state !== 'open')).toBe(
          true,
        );
        expect(a.reads(last(a.send('hello', at(1))))).toBe('hello');
      }),
      { numRuns: 20 },
    );
  });

  test('an epoch under another id than it was sealed with gives no key', () => {
    const [a, b] = trio();
    const epoch = {
      ...{ group: groupBytes, issuer: b.key, epochKey: new Uint8Array(32).fill(5) },
      ...{ generation: 1, base: 0, recipients: [a.key, b.key].sort() },
    };
    const [object = new Uint8Array()] = buildEpoch(epoch, systemRandom);
    const parsed = parseObject(object);
    if (!parsed.ok) throw new Error(parsed.reason);
    const { salt, ...fields } = parsed.fields;
    const lying = buildObject({ ...fields, commitment: new Uint8Array(16) }, salt);
    expect(a.apply([b.append(lying, start)])).toBe(false);
    expect(a.apply([b.append(object, start)])).toBe(true);
  });

  test('an epoch whose key is another than the one it commits to gives none', () => {
    const [a, b] = trio();
    const id = new Uint8Array(16).fill(1);
    const info = concat(utf8('skychat/1 epoch\0'), groupBytes, publicKeyBytes(b.key));
    const to = a.identity.linkKeys.publicKey;
    const long = hpkeSeal(to, { info, aad: id }, new Uint8Array(32), systemRandom);
    if (long === undefined) throw new Error('not sealed');
    const sealed = concat(publicKeyBytes(a.key).subarray(0, 8), long.enc, long.ciphertext);
    const fields = { generation: 1, base: 0, part: 0, parts: 1, commitment: id, sealed };
    const object = buildObject({ kind: 'epoch', ...fields }, new Uint8Array(16));
    expect(a.apply([b.append(object, start)])).toBe(false);
    expect(a.keys.keyCount).toBe(0);
  });

  test('a grant of one who had no say does not keep others from giving the history', () => {
    const [a, b, c] = trio();
    for (const node of [a, b]) node.sees(a, b);
    const before = a.send('before', at(0));
    b.apply(before);
    a.sees(a, b, [c, { history: true }]);
    a.roster.discount(b.key);
    const held = a.ring.keysOf(group);
    const grant = { group: groupBytes, issuer: b.key, to: c.key, keys: held };
    a.apply([b.append(buildKeyGrant(grant, systemRandom), start)]);
    expect(kindsOf(a.send('after', at(1)))).toEqual(['keys', 'sealed']);
  });

  test('keys that turn up again and again are given on one by one, so many times an hour', () => {
    const [a, b, c] = trio();
    const { grantsPerIntervalMax } = sealingLimits;
    const bait = (byte: number): Entry[] => {
      const epochKey = new Uint8Array(32).fill(byte);
      const recipients = [a.key];
      const epoch = {
        group: groupBytes,
        issuer: b.key,
        epochKey,
        generation: 0,
        base: 0,
        recipients,
      };
      return buildEpoch(epoch, systemRandom).map((object) => ({ ...b.append(object, 0), time: 1 }));
    };
    for (const node of [a, b]) node.sees(a, b, [c, { history: true }]);
    a.send('hello', at(0));
    const givenBy = ([first]: readonly Entry[]): number => {
      const parsed = parseObject(first?.object ?? new Uint8Array());
      return (parsed.ok ? parseKeyGrant(parsed.fields)?.epochs.length : undefined) ?? 0;
    };
    for (let n = 1; n <= grantsPerIntervalMax; n++) {
      a.apply(bait(n));
      const sent = a.send('again', at(1 + n / 100));
      expect([kindsOf(sent), givenBy(sent)]).toEqual([['keys', 'sealed'], n === 1 ? 2 : 1]);
    }
    a.apply(bait(200));
    expect(kindsOf(a.send('too many', at(1.5)))).toEqual(['sealed']);
    expect(givenBy(a.send('later', at(3)))).toBe(grantsPerIntervalMax + 2);
  });

  test('an epoch or a grant in the feed of another issuer gives no key', () => {
    const [a, b, c] = trio();
    const [epoch] = b.send('hello', at(0));
    if (epoch?.object === undefined) throw new Error('no epoch');
    expect(a.apply([c.append(epoch.object, start)])).toBe(false);
    const keys = new Map([[epochIdOf(groupBytes, new Uint8Array(32)), new Uint8Array(32)]]);
    const grant = { group: groupBytes, issuer: b.key, to: a.key, keys };
    const object = buildKeyGrant(grant, systemRandom);
    expect(a.apply([c.append(object, start)])).toBe(false);
    expect(a.apply([b.append(object, start)])).toBe(true);
  });

  test('of one member fills its own share of the keys and nobody else’s', () => {
    const [a, b, c] = trio();
    const keys = Array.from({ length: sealingLimits.keysOfIssuerMax }, (_, i) => {
      const key = new Uint8Array(32);
      new DataView(key.buffer).setUint32(0, i);
      return [epochIdOf(groupBytes, key), key] as const;
    });
    const grant = { group: groupBytes, issuer: b.key, to: a.key, keys: new Map(keys) };
    a.apply([b.append(buildKeyGrant(grant, systemRandom), start)]);
    expect(a.keys.keyCount).toBe(sealingLimits.keysOfIssuerMax);
    a.apply(b.send('one too many', at(1)));
    expect([a.keys.keyCount, a.keys.keysRefused]).toEqual([sealingLimits.keysOfIssuerMax, 1]);
    const sent = c.send('as ever', at(1));
    a.apply(sent);
    expect(a.reads(last(sent))).toBe('as ever');
  });
});

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), who: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('deliver' as const), who: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), who: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('set' as const),
        ...{ who: fc.nat(3), whom: fc.nat(3), to: fc.nat(2) },
      }),
    },
  ),
  { maxLength: 24 },
);

describe('whatever the members do', () => {
  test('each message is read by exactly those who were members in its sender’s view, and by those to whom somebody, whose word the sender had not heard, gave the history', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(1000)), (history, order) => {
        const all = members('a', 'b', 'c', 'd');
        const sent: Entry[] = [];
        const seals: { entry: Entry; view: Set<PublicKey>; heard: Set<Entry> }[] = [];
        const shuffled = (): Entry[] =>
          sent
            .map((entry) => [order.next().value ?? 0, entry] as const)
            .sort(([x], [y]) => x - y)
            .map(([, entry]) => entry);
        for (const [i, step] of history.entries()) {
          const who = all[step.who];
          if (who === undefined) continue;
          if (step.do === 'restart') who.restart();
          if (step.do === 'restart' || step.do === 'deliver') who.apply(shuffled());
          if (step.do === 'set') setMember(who, all[step.whom], step.to);
          if (step.do !== 'send') continue;
          const entries = who.send(`message ${i}`, at(i));
          sent.push(...entries);
          const view = new Set(who.roster.members_.keys());
          seals.push({ entry: last(entries), view, heard: new Set(who.applied) });
        }
        for (const node of all) node.apply(shuffled());
        for (const { entry, view, heard } of seals) {
          for (const node of all) {
            const unheard = sent.some((each) => isGrantTo(each, node.key) && !heard.has(each));
            if (view.has(node.key)) expect(node.open(entry).state).toBe('open');
            else if (!unheard) expect(node.open(entry).state).toBe('locked');
          }
        }
      }),
      { numRuns: 35 },
    );
  });

  test('rotations at the same time end in one choice on every node, in any order of arrival', () => {
    const names = ['a', 'b', 'c', 'd'];
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(3), { minLength: 2 }), fc.nat(), (rotating, seed) => {
        const all = members(...names);
        const sent = rotating.flatMap((who, i) => all[who]?.send('hello', at(i)) ?? []);
        const choices = all.map((node, i) => {
          const entries = sent.map(
            (entry, j) => [(j * 7919 + seed * (i + 1)) % 101, entry] as const,
          );
          for (const [, entry] of entries.sort(([x], [y]) => x - y)) node.apply([entry]);
          return node.keys.sealingEpoch(at(10))?.id;
        });
        expect(new Set(choices).size).toBe(1);
        expect(choices[0]).toBeDefined();
        for (const node of all) expect(kindsOf(node.send('next', at(11)))).toEqual(['sealed']);
      }),
      { numRuns: 12 },
    );
  });
});

test('no row and no object has a key, or a text that was sealed', () => {
  const [a, b, c] = trio();
  const sent = a.send('a text that nobody outside reads', at(0));
  b.apply(sent);
  a.sees(a, b, c);
  const held = [...a.ring.keysOf(group).values(), ...b.ring.keysOf(group).values()];
  const bytes = [
    ...a.rows.values(),
    ...b.rows.values(),
    ...sent.map(({ object }) => object ?? utf8('')),
  ];
  expect(held.length).toBeGreaterThan(0);
  for (const each of bytes) {
    for (const key of held) expect(toHex(each)).not.toContain(toHex(key));
    expect(toHex(each)).not.toContain(toHex(utf8('nobody')));
  }
  const rotated = buildEpoch(
    {
      ...{ group: groupBytes, issuer: a.key, epochKey: new Uint8Array(32), generation: 0, base: 0 },
      recipients: [a.key],
    },
    systemRandom,
  )[0];
  const parsed = parseObject(rotated ?? utf8(''));
  const part = parsed.ok ? parseEpochPart(parsed.fields) : undefined;
  expect(part && equal(part.prefixes, identityPrefix(a.key))).toBe(true);
});

function setMember(who: Member, whom: Member | undefined, to: number): void {
  if (whom === undefined || whom === who) return;
  who.roster.set(whom.key, to === 0 ? undefined : { history: to === 2 });
}

function isGrantTo({ object }: Entry, key: PublicKey): boolean {
  const parsed = parseObject(object ?? new Uint8Array());
  return parsed.ok && parseKeyGrant(parsed.fields)?.to === key;
}

function identityPrefix(key: PublicKey): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, i) => parseInt(key.slice(2 * i, 2 * i + 2), 16));
}
