import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedReads } from '../../src/http/shared-reads.ts';
import { openFixture } from '../support/http.ts';

test('whoever asks is told of all that was there when it asked, and a crowd costs two readings', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('write', 'ask', 'turn'), { maxLength: 60 }),
      async (steps) => {
        const shared = new SharedReads<number>();
        let written = 0;
        let readings = 0;
        const read = async (): Promise<number> => {
          readings++;
          const seen = written;
          await new Promise((resolve) => setImmediate(resolve));
          return seen;
        };
        const asked: Promise<void>[] = [];
        let crowd = 0;
        for (const step of steps) {
          if (step === 'write') written++;
          if (step === 'turn') await new Promise((resolve) => setImmediate(resolve));
          if (step !== 'ask') continue;
          const atLeast = written;
          crowd++;
          asked.push(
            shared.read('key', read).then((seen) => {
              expect(seen).toBeGreaterThanOrEqual(atLeast);
            }),
          );
        }
        await Promise.all(asked);
        expect(readings).toBeLessThanOrEqual(crowd);
        expect(shared.size).toBe(0);
      },
    ),
  );
});

test('sixteen at once are two readings', async () => {
  const shared = new SharedReads<number>();
  let readings = 0;
  const read = async (): Promise<number> => {
    await new Promise((resolve) => setImmediate(resolve));
    return ++readings;
  };
  const all = await Promise.all(Array.from({ length: 16 }, () => shared.read('key', read)));
  expect(all).toEqual([1, ...Array.from({ length: 15 }, () => 2)]);
});

test('a reading that fails fails for those who share it, and not for the next', async () => {
  const shared = new SharedReads<string>();
  const fail = (): Promise<string> => Promise.reject(new Error('no'));
  const first = shared.read('key', fail);
  const second = shared.read('key', () => Promise.resolve('yes'));
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe('yes');
  expect(shared.size).toBe(0);
});

test('pages that are asked for at once are the same, and another question has another answer', async () => {
  const { server, api } = openFixture();
  for (let i = 1; i <= 3; i++) api.arrive(`text ${i}`);
  const urls = ['/messages?limit=2', '/messages?limit=2', '/messages?limit=1', '/messages?limit=2'];
  const answers = await Promise.all(urls.map((url) => server.fastify.inject(url)));
  const texts = answers.map((answer) =>
    answer.json<{ messages: { text: string }[] }>().messages.map(({ text }) => text),
  );
  const two = ['text 2', 'text 3'];
  expect(texts).toEqual([two, two, ['text 3'], two]);
  for (const { headers } of answers)
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
});
