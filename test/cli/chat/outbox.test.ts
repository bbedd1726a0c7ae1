import { expect, test } from 'vitest';
import type { MessageView } from '../../../src/chat/view.ts';
import { AnswerLost, type Answer, type Question } from '../../../src/cli/client.ts';
import { Outbox, type Post } from '../../../src/cli/chat/outbox.ts';
import { Problem } from '../../../src/cli/failures.ts';
import { systemRandom } from '../../../src/env.ts';

type Respond = (text: string, key: string, attempt: number) => Promise<void> | void;

function open(respond: Respond) {
  const attempts = new Map<string, number>();
  const asked: { text: string; key: string }[] = [];
  const refused: { post: Post; words: string }[] = [];
  const ended = new AbortController();
  let done = (): void => undefined;
  const outbox = new Outbox({
    client: {
      ask: async <T>({ body, headers }: Question): Promise<Answer<T>> => {
        const { text } = body as Post;
        const key = headers?.['idempotency-key'] ?? '';
        asked.push({ text, key });
        attempts.set(text, (attempts.get(text) ?? 0) + 1);
        await respond(text, key, attempts.get(text) ?? 0);
        return { status: 201, value: { text } as MessageView as T, date: undefined };
      },
    },
    random: systemRandom,
    signal: ended.signal,
    sleep: () => Promise.resolve(),
    onSent: () => undefined,
    onRefused: (post, words) => refused.push({ post, words }),
    onChange: () => {
      if (outbox.size === 0) done();
    },
  });
  const idle = (): Promise<void> =>
    outbox.size === 0 ? Promise.resolve() : new Promise((resolve) => (done = resolve));
  return {
    outbox,
    asked,
    refused,
    idle,
    end: () => {
      ended.abort(new Error('left'));
    },
  };
}

test('F53 a line whose answer was lost is sent again under the same key, before those behind it', async () => {
  const { outbox, asked, idle } = open((text, _, attempt) => {
    if (text === 'one' && attempt < 4) throw new AnswerLost(new Error('gone'));
  });
  for (const text of ['one', 'two', 'three']) outbox.put({ text });
  await idle();
  expect(asked.map(({ text }) => text)).toEqual(['one', 'one', 'one', 'one', 'two', 'three']);
  expect(new Set(asked.map(({ key }) => key)).size).toBe(3);
  expect(new Set(asked.slice(0, 4).map(({ key }) => key)).size).toBe(1);
});

test('a line that is refused for good is given back, and those behind it are sent', async () => {
  const { outbox, asked, refused, idle } = open((text) => {
    if (text === 'bad') throw new Problem(422, 'not like this', 'bad-text');
  });
  outbox.put({ text: 'bad' });
  outbox.put({ text: 'good' });
  await idle();
  expect(refused).toEqual([{ post: { text: 'bad' }, words: 'not like this (bad-text)' }]);
  expect(asked.at(-1)?.text).toBe('good');
});

test('more lines than the bound are not taken, and what waits at the end is known', () => {
  const { outbox, end } = open(() => new Promise(() => undefined));
  for (let i = 0; i < 100; i++) expect(outbox.put({ text: String(i) })).toBe(true);
  expect(outbox.put({ text: 'too many' })).toBe(false);
  end();
  expect(outbox.unsent()).toHaveLength(100);
});
