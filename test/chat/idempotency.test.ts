import { expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { sha256, type MessageId } from '../../src/cxo/ids.ts';
import type { LocalChange } from '../../src/cxo/store.ts';
import { Idempotency } from '../../src/chat/idempotency.ts';

const dayUs = 24 * 3600 * 1_000_000;
const body = utf8('body');

function message(text: string): MessageId {
  return sha256(utf8(text)) as MessageId;
}

/** Local rows, a clock that stands still, and commits that are made when the test says so. */
class Rows {
  readonly rows = new Map<string, Uint8Array>();
  now = 1_800_000_000_000_000;
  writeLocal = (changes: readonly LocalChange[]): Promise<void> => {
    this.write(changes);
    return Promise.resolve();
  };

  write(changes: readonly LocalChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }

  open(keysMax?: number): Promise<Idempotency> {
    return Idempotency.open({
      store: {
        local: (prefix) =>
          Promise.resolve(
            [...this.rows]
              .filter(([key]) => key.startsWith(prefix))
              .map(([key, value]) => ({ key, value })),
          ),
        findLocal: (key) => Promise.resolve(this.rows.get(key)),
      },
      writeLocal: (changes) => this.writeLocal(changes),
      clock: { now: () => this.now },
      ...(keysMax === undefined ? {} : { keysMax }),
    });
  }

  post(idempotency: Idempotency, key: string): void {
    const reservation = idempotency.reserve({ key, body });
    this.write(reservation.local(message(key)));
    reservation.done();
  }
}

test('a key stands for its message until its day is over, also after a restart', async () => {
  const rows = new Rows();
  rows.post(await rows.open(), 'a');
  for (const idempotency of [await rows.open(), await rows.open()]) {
    expect(await idempotency.find({ key: 'a', body })).toEqual(message('a'));
    expect(await idempotency.find({ key: 'b', body })).toBeUndefined();
  }
  rows.now += dayUs - 1;
  expect(await (await rows.open()).find({ key: 'a', body })).toEqual(message('a'));
  rows.now += 1;
  expect(await (await rows.open()).find({ key: 'a', body })).toBeUndefined();
});

test('the same key with another body is refused, now and after a restart', async () => {
  const rows = new Rows();
  const first = await rows.open();
  rows.post(first, 'a');
  for (const idempotency of [first, await rows.open()]) {
    await expect(idempotency.find({ key: 'a', body: utf8('other') })).rejects.toMatchObject({
      code: 'idempotency-mismatch',
    });
  }
});

test('a reservation that failed is forgotten', async () => {
  const rows = new Rows();
  const idempotency = await rows.open();
  idempotency.reserve({ key: 'a', body }).failed();
  expect(await idempotency.find({ key: 'a', body })).toBeUndefined();
  expect(idempotency.size).toBe(0);
});

test('the sweep deletes what is over, a bounded number at once, and nothing else', async () => {
  const rows = new Rows();
  const idempotency = await rows.open();
  for (let i = 0; i < 1500; i++) rows.post(idempotency, `old ${i}`);
  rows.now += dayUs;
  rows.post(idempotency, 'new');
  expect(await idempotency.sweep()).toBe(1000);
  expect(await idempotency.sweep()).toBe(500);
  expect(await idempotency.sweep()).toBe(0);
  expect(rows.rows.size).toBe(1);
  expect(await idempotency.find({ key: 'new', body })).toEqual(message('new'));
  expect(idempotency.counters['idempotency-full']).toBe(0);
});

test('a sweep that fails changes nothing and can be repeated', async () => {
  const rows = new Rows();
  const idempotency = await rows.open();
  rows.post(idempotency, 'a');
  rows.now += dayUs;
  const { writeLocal } = rows;
  rows.writeLocal = () => Promise.reject(new Error('disk full'));
  await expect(idempotency.sweep()).rejects.toThrow('disk full');
  rows.writeLocal = writeLocal;
  expect(await idempotency.sweep()).toBe(1);
});

test('a key that is used again while the sweep deletes its old row keeps the new one', async () => {
  const rows = new Rows();
  const idempotency = await rows.open();
  rows.post(idempotency, 'a');
  rows.now += dayUs;
  rows.writeLocal = async (changes) => {
    await Promise.resolve();
    rows.write(changes);
  };
  const sweeping = idempotency.sweep();
  rows.post(idempotency, 'a');
  await sweeping;
  expect(await idempotency.find({ key: 'a', body })).toEqual(message('a'));
  expect(await (await rows.open()).find({ key: 'a', body })).toEqual(message('a'));
});

test('when there are too many keys the oldest goes, in the same commit, and is counted', async () => {
  const rows = new Rows();
  const idempotency = await rows.open(3);
  for (const key of ['a', 'b', 'c', 'd']) {
    rows.post(idempotency, key);
    rows.now += 1;
  }
  expect(rows.rows.size).toBe(3);
  expect(await idempotency.find({ key: 'a', body })).toBeUndefined();
  expect(await idempotency.find({ key: 'b', body })).toEqual(message('b'));
  expect(idempotency.counters['idempotency-full']).toBe(1);
  const reopened = await rows.open(3);
  rows.post(reopened, 'e');
  expect(await reopened.find({ key: 'b', body })).toBeUndefined();
  expect(await reopened.find({ key: 'c', body })).toEqual(message('c'));
});

test('posts under way at once keep to the bound, and one that fails puts nobody out', async () => {
  const rows = new Rows();
  const idempotency = await rows.open(2);
  rows.post(idempotency, 'a');
  rows.post(idempotency, 'b');
  const c = idempotency.reserve({ key: 'c', body });
  const d = idempotency.reserve({ key: 'd', body });
  c.failed();
  rows.write(d.local(message('d')));
  d.done();
  expect(await idempotency.find({ key: 'a', body })).toEqual(message('a'));
  expect(await idempotency.find({ key: 'b', body })).toBeUndefined();
  rows.post(idempotency, 'e');
  expect(rows.rows.size).toBe(2);
  expect(idempotency.size).toBe(2);
});

test('keys that are being written count for the bound as well', async () => {
  const rows = new Rows();
  const idempotency = await rows.open(2);
  rows.post(idempotency, 'a');
  const under = ['b', 'c'].map((key) => ({ key, reservation: idempotency.reserve({ key, body }) }));
  for (const { key, reservation } of under) {
    rows.write(reservation.local(message(key)));
    reservation.done();
  }
  expect(rows.rows.size).toBe(2);
  expect(await idempotency.find({ key: 'a', body })).toBeUndefined();
});
