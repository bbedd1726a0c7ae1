import { expect, test } from 'vitest';
import { Allowance } from '../../src/http/allowance.ts';
import { callersMax, writesAheadSeconds } from '../../src/http/limits.ts';
import { openFixture } from '../support/http.ts';

function clockAt(): { seconds: number; now: () => number; monotonic: () => number } {
  const clock = { seconds: 5, now: () => 0, monotonic: () => clock.seconds * 1000 };
  return clock;
}

const perSecond = 0.01;
const ahead = writesAheadSeconds * perSecond;

test('a caller may be ahead of its rate by so much, and then is told when there is room again', () => {
  const clock = clockAt();
  const allowance = new Allowance(clock, perSecond);
  for (let i = 0; i < ahead; i++) expect(allowance.take('a')).toBeUndefined();
  expect(allowance.take('a')).toBe(100);
  expect(allowance.take('a')).toBe(100);
  clock.seconds += 99;
  expect(allowance.take('a')).toBe(1);
  clock.seconds += 1;
  expect(allowance.take('a')).toBeUndefined();
  expect(allowance.take('a')).toBe(100);
});

test('what one caller does costs another nothing', () => {
  const allowance = new Allowance(clockAt(), perSecond);
  for (let i = 0; i <= ahead; i++) allowance.take('a');
  expect([allowance.take('a'), allowance.take('b')]).toEqual([100, undefined]);
});

test('who was away for long is ahead by nothing, and not by more than the bound', () => {
  const clock = clockAt();
  const allowance = new Allowance(clock, perSecond);
  allowance.take('a');
  clock.seconds += 1e9;
  for (let i = 0; i < ahead; i++) expect(allowance.take('a')).toBeUndefined();
  expect(allowance.take('a')).toBe(100);
});

test('a rate of nothing is no bound', () => {
  const allowance = new Allowance(clockAt(), 0);
  for (let i = 0; i < 10_000; i++) expect(allowance.take('a')).toBeUndefined();
});

test('callers beyond the bound take the places of those who wrote longest ago', () => {
  const allowance = new Allowance(clockAt(), 1 / writesAheadSeconds);
  expect([allowance.take('first'), allowance.take('first')]).toEqual([undefined, 20_000]);
  for (let i = 0; i < callersMax; i++) allowance.take(`caller ${i}`);
  expect(allowance.take('first')).toBeUndefined();
});

test('writes beyond the allowance are refused with 429 and Retry-After, reads are not', async () => {
  const { server, api } = openFixture({ writeRate: 1 / writesAheadSeconds });
  const post = () =>
    server.fastify.inject({ method: 'POST', url: '/messages', payload: { text: 'hi' } });
  expect((await post()).statusCode).toBe(201);
  const refused = await post();
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '20000']);
  expect(refused.json()).toMatchObject({ code: 'too-many-requests' });
  expect(refused.json<{ hint: string }>().hint).toContain('--write-rate');
  for (const method of ['GET', 'HEAD', 'OPTIONS'] as const) {
    const answer = await server.fastify.inject({ method, url: '/messages' });
    expect(answer.statusCode).toBeLessThan(300);
  }
  expect(api.stored).toHaveLength(1);
  expect(server.counters()).toEqual({ 'too-many-requests': 1 });
});
