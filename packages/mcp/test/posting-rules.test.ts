import { expect, test } from 'vitest';
import { mayPostTo, mayPostToKey } from '../src/posting-rules.ts';
import { bob, groupOf, lobby, ops, self } from './support/fake-node.ts';

const rules = (...to: string[]) => ({ everywhere: false, to });

function namesOf(...groups: (readonly [string, string])[]) {
  const all = groups.map(([id, name]) => [id, groupOf(id, name, 'group')] as const);
  return { self, groups: new Map(all) };
}

const names = namesOf([lobby, 'lobby'], [ops, 'ops']);

test('a place is allowed by its name or its id', () => {
  for (const each of ['ops', ops, ops.toUpperCase()]) {
    expect(mayPostTo(rules(each), ops, names)).toBe(true);
    expect(mayPostTo(rules(each), lobby, names)).toBe(false);
  }
  expect(mayPostTo({ everywhere: true, to: [] }, lobby, names)).toBe(true);
});

test('somebody who calls a group like the allowed one gains nothing by it', () => {
  const other = '30'.repeat(32);
  const twice = namesOf([ops, 'ops'], [other, 'ops']);
  expect(mayPostTo(rules('ops'), other, twice)).toBe(false);
  expect(mayPostTo(rules(ops), ops, twice)).toBe(true);
  expect(mayPostTo(rules(ops), other, namesOf([ops, 'x'], [other, ops]))).toBe(false);
});

test('a group that is not known is not allowed, unless by its id', () => {
  expect(mayPostTo(rules('ops'), '40'.repeat(32), names)).toBe(false);
});

test('a person is allowed by the key alone', () => {
  expect(mayPostToKey(rules(bob), bob)).toBe(true);
  expect(mayPostToKey(rules('bob', self), bob)).toBe(false);
});
