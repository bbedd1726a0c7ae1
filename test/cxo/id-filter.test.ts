import { expect, test } from 'vitest';
import { utf8 } from '../../src/bytes.ts';
import { IdFilter } from '../../src/cxo/id-filter.ts';
import { sha256 } from '../../src/cxo/ids.ts';

const id = (number: number): Uint8Array => sha256(utf8(`id ${number}`));

test('an id that was added is never said to be new, and hardly any other is said to be there', () => {
  const filter = new IdFilter();
  const count = 20_000;
  for (let i = 0; i < count; i++) filter.add(id(i), 0);
  let alike = 0;
  for (let i = 0; i < count; i++) {
    expect(filter.has(id(i), 0)).toBe(true);
    if (filter.has(id(count + i), 0)) alike++;
  }
  expect(alike).toBeLessThan(10);
});
