// The Big List of Naughty Strings (github.com/minimaxir/big-list-of-naughty-strings, MIT; the copy in
// test/fixtures is base64, so that no tool changes it) through a real node: each as a text, and in
// every other place of a request.
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { MessageView, Page } from '../../src/chat/view.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const list = 'test/fixtures/naughty-strings/blns.base64.json';
/** The script that encoded them has put a newline behind each. */
const strings = (JSON.parse(readFileSync(list, 'utf8')) as string[]).map((text) =>
  Buffer.from(text, 'base64').toString().replace(/\n$/, ''),
);

/** What the contract refuses to carry. */
function codeFor(text: string): string | undefined {
  if (text === '') return 'empty-text';
  return text.startsWith('\ufeff') ? 'bad-text' : undefined;
}

const workspace = useWorkspace('file');
let node: Daemon;

beforeAll(async () => {
  node = await Daemon.start(workspace, 'node');
});

test('each comes back byte for byte, as JSON and as bare text, or is refused with the right code', async () => {
  const sent: string[] = [];
  for (const text of strings) {
    const answers = [
      { json: { text } },
      { body: text, headers: { 'content-type': 'text/plain; charset=utf-8' } },
      { body: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ].map((init) => node.ask<MessageView & { code?: string }>('POST', '/messages', init));
    for (const { status, body } of await Promise.all(answers)) {
      const code = codeFor(text);
      expect([status === 201, body.code], JSON.stringify(text)).toEqual([code === undefined, code]);
      if (code !== undefined) continue;
      expect(body.text).toBe(text);
      sent.push(text);
    }
  }
  expect(sent.length).toBeGreaterThan(1000);
  const stored: string[] = [];
  for (let cursor = '0', more = true; more;) {
    const { body } = await node.ask<Page>('GET', `/messages?after=${cursor}&limit=1000`);
    stored.push(...body.messages.map(({ text }) => text));
    ({ next: cursor, more } = body);
  }
  expect(stored).toEqual(sent);
});

test('each is one line as text, without a control character', async () => {
  const response = await fetch(`${node.http}/messages?format=text&after=0&limit=1000`);
  const text = await response.text();
  const lines = text.slice(0, -1).split('\n');
  expect(lines).toHaveLength(1000);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u);
});

test('in a path or a parameter none does anything but be answered', async () => {
  for (const text of strings) {
    const part = encodeURIComponent(text);
    const asked = [
      [`/messages/${part}`, [400, 404, 200]],
      [`/groups/${part}`, [400, 404, 200]],
      [`/messages?group=${part}`, [400, 404]],
      [`/messages?${part}=1`, [400, 200]],
      [`/messages?q=${part}&limit=1`, [400, 200]],
    ] as const;
    const check = async ([path, statuses]: (typeof asked)[number]): Promise<void> => {
      const { status } = await node.ask('GET', path);
      expect(statuses, `${path} is ${status}`).toContain(status);
    };
    await Promise.all(asked.map(check));
  }
});

test('as a name, a topic or a reaction each is refused, or comes back as it can be shown', async () => {
  const message = await node.post('to react to');
  const { body: group } = await node.ask<{ id: string }>('POST', '/groups', {
    json: { name: 'strings' },
  });
  for (const text of strings) {
    const emoji = encodeURIComponent(text);
    const path = `/messages/${message.id}/reactions/${emoji === '' ? '%20' : emoji}`;
    const answers = await Promise.all([
      node.ask('PATCH', `/groups/${group.id}`, { json: { topic: text } }),
      node.ask('PUT', path),
    ]);
    for (const { status } of answers) {
      expect([200, 400], JSON.stringify(text)).toContain(status);
    }
  }
});
