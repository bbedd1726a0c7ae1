import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { fakeDaemon, message, run, sendJson, start, type Responder } from './harness.ts';

const created: Responder = ({ body }, response) => {
  const { text } = JSON.parse(body) as { text: string };
  sendJson(response, message(7, { text }), 201);
};

function stdin(...parts: (string | Uint8Array)[]): Readable & { isTTY: boolean } {
  return Object.assign(Readable.from(parts.map((part) => Buffer.from(part))), { isTTY: false });
}

function textOf(body: string | undefined): unknown {
  return (JSON.parse(body ?? '') as { text: unknown }).text;
}

test('send posts its text and prints the id alone', async () => {
  const daemon = await fakeDaemon(created);
  const ended = await run(['send', 'hello', '--http', daemon.http]);
  expect(ended).toEqual({ code: 0, stdout: `${message(7).id}\n`, stderr: '' });
  const [received] = daemon.received;
  expect(received).toMatchObject({ method: 'POST', path: '/messages' });
  expect(JSON.parse(received?.body ?? '')).toEqual({ text: 'hello' });
  expect(received?.headers['content-type']).toBe('application/json');
});

test('send hands on group, reply and wait, and prints the message with --json', async () => {
  const daemon = await fakeDaemon(created);
  const words = ['send', '--group', 'ops', '--reply-to', 'ab', '--wait', '2', '--json', 'x'];
  words.push('--priority', 'high', '--ack');
  const ended = await run([...words, '--http', daemon.http]);
  expect(JSON.parse(ended.stdout)).toEqual(message(7, { text: 'x' }));
  expect(JSON.parse(daemon.received[0]?.body ?? '')).toEqual({
    text: 'x',
    group: 'ops',
    reply_to: 'ab',
    priority: 'high',
    ack: true,
    min_peers: 2,
  });
});

test('a text that begins with a dash follows --', async () => {
  const daemon = await fakeDaemon(created);
  expect((await run(['send', '--http', daemon.http, '--', '--json'])).code).toBe(0);
  expect(textOf(daemon.received[0]?.body)).toBe('--json');
});

test.each([
  ['one line', ['hello\n'], 'hello'],
  ['several lines', ['a\nb\n', '\n'], 'a\nb\n'],
  ['a Windows line', ['a\r\n'], 'a'],
  ['no line end', ['a'], 'a'],
  ['a character that is cut in two', [new Uint8Array([0xc3]), new Uint8Array([0xa9])], 'é'],
])('standard input is the text but for its last line end: %s', async (_, parts, text) => {
  const daemon = await fakeDaemon(created);
  for (const words of [['send', '-'], ['send']]) {
    const ended = await run([...words, '--http', daemon.http], { stdin: stdin(...parts) });
    expect(ended.code).toBe(0);
    expect(textOf(daemon.received.at(-1)?.body)).toBe(text);
  }
});

test('standard input that is not UTF-8 or too large is refused and nothing is posted', async () => {
  const daemon = await fakeDaemon(created);
  for (const part of [new Uint8Array([0xff]), new Uint8Array(70_000).fill(97)]) {
    const ended = await run(['send', '-', '--http', daemon.http], { stdin: stdin(part) });
    expect(ended.code).toBe(2);
  }
  expect(daemon.received).toHaveLength(0);
});

test('send at a terminal without a text is a usage error', async () => {
  const ended = await run(['send', '--http', '127.0.0.1:1']);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('there is no text');
});

test('a text of several words has to be quoted', async () => {
  expect((await run(['send', 'two', 'words', '--http', '127.0.0.1:1'])).code).toBe(2);
});

test('202 is exit 8: the id is printed, and how far it got', async () => {
  const delivery = { stored: ['aa'], members: 3 };
  const daemon = await fakeDaemon((_, response) => {
    sendJson(response, message(7, { delivery }), 202);
  });
  const ended = await run(['send', '--wait', '2', 'x', '--http', daemon.http]);
  expect(ended.code).toBe(8);
  expect(ended.stdout).toBe(`${message(7).id}\n`);
  expect(ended.stderr).toContain('on 1 of 2 other nodes');
});

test.each([
  ['before the answer', (response: Parameters<Responder>[1]) => response.destroy()],
  [
    'within the answer',
    (response: Parameters<Responder>[1]) => {
      response.writeHead(201, { 'content-length': '1000' });
      response.write('{"id":');
      setImmediate(() => response.destroy());
    },
  ],
])('F53 an answer that is lost (%s) does not post twice', async (_, cut) => {
  const daemon = await fakeDaemon((received, response, index) => {
    if (index === 0) cut(response);
    else created(received, response, index);
  });
  const ended = await run(['send', 'once', '--http', daemon.http]);
  expect(ended).toMatchObject({ code: 0, stdout: `${message(7).id}\n` });
  const keys = daemon.received.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), keys[0]]);
  expect(daemon.received[1]?.body).toBe(daemon.received[0]?.body);
});

test('two calls of send use two keys', async () => {
  const daemon = await fakeDaemon(created);
  await run(['send', 'x', '--http', daemon.http]);
  await run(['send', 'x', '--http', daemon.http]);
  const [first, second] = daemon.received.map(({ headers }) => headers['idempotency-key']);
  expect(first).not.toBe(second);
});

test('an answer that is lost twice is exit 3, and the line does not claim that nothing was posted', async () => {
  const daemon = await fakeDaemon((_, response) => {
    response.destroy();
  });
  const ended = await run(['send', 'x', '--http', daemon.http]);
  expect(daemon.received).toHaveLength(2);
  expect(ended.code).toBe(3);
  expect(ended.stderr).toContain('It may have done what was asked');
});

test('an interrupt ends a send that waits with 130', async () => {
  const daemon = await fakeDaemon(() => {
    started.interrupt();
  });
  const started = start(['send', 'x', '--http', daemon.http]);
  expect(await started.code).toBe(130);
});

test('an interrupt ends a send that reads standard input with 130', async () => {
  const source = Object.assign(new Readable({ read: () => undefined }), { isTTY: false });
  const started = start(['send', '-', '--http', '127.0.0.1:1'], { stdin: source });
  started.interrupt();
  expect(await started.code).toBe(130);
});
