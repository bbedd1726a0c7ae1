import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { SkychatError } from '../../src/errors.ts';
import { alice, bob, idOf } from '../support/fake-api.ts';
import { openFixture, type Fixture } from '../support/http.ts';

interface PostInput {
  readonly payload?: string | Buffer;
  readonly type?: string | undefined;
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

async function post({ server }: Fixture, { payload, type, query = '', headers }: PostInput) {
  const answer = await server.fastify.inject({
    method: 'POST',
    url: `/messages${query}`,
    headers: { ...(type !== undefined && { 'content-type': type }), ...headers },
    ...(payload !== undefined && { payload }),
  });
  return {
    ...answer,
    status: answer.statusCode,
    json: () => answer.json<Record<string, unknown>>(),
  };
}

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';

test('a text as JSON is answered with 201, its Location and the whole message', async () => {
  const fixture = openFixture();
  const answer = await post(fixture, { type: json, payload: '{"text":"hello"}' });
  expect(answer.status).toBe(201);
  expect(answer.headers['location']).toBe(`/messages/${idOf(1)}`);
  expect(answer.json()).toEqual(fixture.api.stored[0]);
});

test('the serialiser of the answer leaves no field out', async () => {
  const fixture = openFixture();
  const whole = fixture.api.arrive('a "quoted" text', {
    name: null,
    reply_to: idOf(7),
    reactions: { '👍': [bob], 'a"b': [] },
    mentions: [alice],
    disputed: true,
    delivery: { stored: [bob], members: 3 },
  });
  fixture.api.post = () => Promise.resolve({ message: whole, replicated: true, replayed: false });
  expect((await post(fixture, { type: form, payload: 'a' })).json()).toEqual(whole);
});

test.each([
  ['disk full on db1', form],
  ['a=b&c', form],
  ['%41+1', form],
  ['plain', 'text/plain'],
  ['plain', 'text/plain; charset=UTF-8'],
  ['no type', undefined],
  ['{"text":"not JSON here"}', form],
  ['trailing newline\n', 'text/plain'],
])('the raw body %j of type %s is the text', async (text, type) => {
  const fixture = openFixture();
  expect((await post(fixture, { type, payload: Buffer.from(text) })).status).toBe(201);
  expect(fixture.api.drafts[0]?.draft).toEqual({ text });
});

const texts = {
  newlines: 'one\ntwo\r\nthree',
  escapes: '\u001b[31mred\u001b]0;title\u0007',
  'right-to-left marks': '\u202eevil\u2066\u2069\u200f',
  'a family emoji': '👨‍👩‍👧‍👦 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️‍🔥',
  'a NUL': 'a\u0000b',
  'separators and an inner mark': 'a\u2028b\u2029c\ufeffd\u007f\u0085',
  '64 KiB': 'x'.repeat(64 * 1024),
  '64 KiB that JSON writes in 384': '\u0001'.repeat(64 * 1024),
  '64 KiB of three bytes each': '€'.repeat(Math.floor((64 * 1024) / 3)),
};

test.each(Object.entries(texts))('F51 %s come back byte for byte through JSON', async (_, text) => {
  const fixture = openFixture();
  const answer = await post(fixture, { type: json, payload: JSON.stringify({ text }) });
  expect(answer.status).toBe(201);
  expect(answer.json()['text']).toBe(text);
  const raw = await post(fixture, { type: 'text/plain', payload: Buffer.from(text) });
  expect(raw.json()['text']).toBe(text);
  const list = await fixture.server.fastify.inject('/messages');
  const { messages } = list.json<{ messages: MessageView[] }>();
  expect(messages.map((message) => message.text)).toEqual([text, text]);
  const lines = (await fixture.server.fastify.inject('/messages?format=ndjson')).body;
  const parsed = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MessageView);
  expect(parsed.map((message) => message.text)).toEqual([text, text]);
});

test('any well-formed text comes back as it was sent', { timeout: 20_000 }, async () => {
  const fixture = openFixture();
  const text = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((value) => !value.startsWith('\ufeff'));
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      const answer = await post(fixture, { type: json, payload: JSON.stringify({ text: value }) });
      expect(answer.json()['text']).toBe(value);
    }),
    { numRuns: 50 },
  );
});

test.each<[string, number, string, PostInput]>([
  ['no body', 400, 'empty-text', {}],
  ['an empty raw body', 400, 'empty-text', { type: 'text/plain', payload: '' }],
  ['an empty JSON text', 400, 'empty-text', { type: json, payload: '{"text":""}' }],
  ['an empty JSON body', 400, 'empty-text', { type: json, payload: '' }],
  ['a torn object', 400, 'bad-json', { type: json, payload: '{"text":' }],
  ['a byte order mark before JSON', 400, 'bad-json', { type: json, payload: '\ufeff{"text":"a"}' }],
  ['invalid UTF-8', 422, 'bad-text', { type: 'text/plain', payload: Buffer.from([0x61, 0xff]) }],
  [
    'invalid UTF-8 in JSON',
    422,
    'bad-text',
    { type: json, payload: Buffer.from([...Buffer.from('{"text":"'), 0xc3, 0x22, 0x7d]) },
  ],
  ['an unpaired surrogate', 422, 'bad-text', { type: json, payload: '{"text":"a\\ud800b"}' }],
  ['a leading U+FEFF', 422, 'bad-text', { type: json, payload: '{"text":"\\ufeffa"}' }],
  ['a leading U+FEFF, raw', 422, 'bad-text', { type: form, payload: '\ufeffa' }],
  [
    'a byte too many',
    413,
    'text-too-large',
    { type: 'text/plain', payload: 'x'.repeat(64 * 1024 + 1) },
  ],
  [
    'bytes too many, though few characters',
    413,
    'text-too-large',
    { type: json, payload: JSON.stringify({ text: '€'.repeat(22_000) }) },
  ],
  [
    'a body beyond any text',
    413,
    'text-too-large',
    { type: 'text/plain', payload: 'x'.repeat(600_000) },
  ],
  ['an image', 415, 'unsupported-media-type', { type: 'image/png', payload: 'x' }],
  ['a malformed type', 415, 'unsupported-media-type', { type: 'nonsense', payload: 'x' }],
  [
    'another charset',
    415,
    'unsupported-media-type',
    { type: 'text/plain; charset=latin1', payload: 'x' },
  ],
  [
    'a compressed body',
    415,
    'unsupported-media-type',
    { type: 'text/plain', payload: 'x', headers: { 'content-encoding': 'gzip' } },
  ],
])('%s is refused with %i %s and posts nothing', async (_, status, code, input) => {
  const fixture = openFixture();
  const answer = await post(fixture, input);
  expect([answer.status, answer.json()['code']]).toEqual([status, code]);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(fixture.api.drafts).toEqual([]);
  expect(fixture.server.counters()).toEqual({ [code]: 1 });
});

test.each([
  ['text', '{"text":1}', ''],
  ['text', '{}', ''],
  ['the body', '[]', ''],
  ['the body', '"a string"', ''],
  ['the body', 'null', ''],
  ['group', '{"text":"a","group":7}', ''],
  ['group', '{"text":"a","group":""}', ''],
  ['reply_to', '{"text":"a","reply_to":"12"}', ''],
  ['min_peers', '{"text":"a","min_peers":-1}', ''],
  ['min_peers', '{"text":"a","min_peers":1.5}', ''],
  ['min_peers', '{"text":"a","min_peers":"1"}', ''],
  ['timeout_ms', '{"text":"a","timeout_ms":9e99}', ''],
  ['to', '{"text":"a","to":"x"}', ''],
  ['to', `{"text":"a","to":"${'ab'.repeat(32)}","group":"ops"}`, ''],
  ['to', `{"text":"a","to":"${'ab'.repeat(32)}"}`, '?group=ops'],
  ['priority', '{"text":"a","priority":"soon"}', ''],
  ['priority', '{"text":"a"}', '?priority=URGENT'],
  ['ack', '{"text":"a","ack":1}', ''],
  ['ack', '{"text":"a"}', '?ack=me'],
  ['__proto__', '{"text":"a","__proto__":{"group":"x"}}', ''],
  ['constructor', '{"text":"a","constructor":1}', ''],
  ['min_peers', '{"text":"a"}', '?min_peers=x'],
  ['reply_to', '{"text":"a"}', '?reply_to=x'],
  ['min_peers', '{"text":"a","min_peers":1}', '?min_peers=1'],
  ['group', '{"text":"a"}', '?group=a&group=b'],
  ['nonsense', '{"text":"a"}', '?nonsense=1'],
  ['hasOwnProperty', '{"text":"a"}', '?hasOwnProperty=1'],
  ['__proto__', '{"text":"a"}', '?__proto__=1'],
])('a wrong %s in %s%s is refused by its name', async (name, payload, query) => {
  const fixture = openFixture();
  const answer = await post(fixture, { type: json, payload, query });
  expect(answer.status).toBe(400);
  expect(answer.json()).toMatchObject({ code: 'bad-field' });
  expect(answer.json()['detail']).toContain(name);
  expect(fixture.api.drafts).toEqual([]);
});

test('all fields of the body reach the api', async () => {
  const fixture = openFixture();
  const reply_to = 'AB'.repeat(32);
  const payload = { text: 'a', group: 'ops', reply_to, min_peers: 2, timeout_ms: 5 };
  await post(fixture, { type: json, payload: JSON.stringify(payload) });
  expect(fixture.api.drafts[0]).toEqual({
    draft: { text: 'a', group: 'ops', replyTo: 'ab'.repeat(32) },
    options: { minPeers: 2, timeoutMs: 5 },
  });
});

test('a message to one key reaches the api without a group', async () => {
  const fixture = openFixture();
  const to = 'AB'.repeat(32);
  await post(fixture, { type: json, payload: JSON.stringify({ text: 'a', to }) });
  await post(fixture, { type: form, payload: 'a', query: `?to=${to}` });
  for (const { draft } of fixture.api.drafts)
    expect(draft).toEqual({ text: 'a', to: 'ab'.repeat(32) });
});

test('a raw text takes its fields from the query', async () => {
  const fixture = openFixture();
  const query = `?group=ops&reply_to=${'ab'.repeat(32)}&min_peers=1&timeout_ms=7`;
  await post(fixture, { type: form, payload: 'a', query });
  expect(fixture.api.drafts[0]).toEqual({
    draft: { text: 'a', group: 'ops', replyTo: 'ab'.repeat(32) },
    options: { minPeers: 1, timeoutMs: 7 },
  });
});

test('a post that too few nodes have on disk in time is answered with 202 and kept', async () => {
  const fixture = openFixture();
  fixture.api.replicated = false;
  const answer = await post(fixture, { type: form, payload: 'a', query: '?min_peers=1' });
  expect(answer.status).toBe(202);
  expect(answer.json()['id']).toBe(idOf(1));
  expect(answer.headers['location']).toBe(`/messages/${idOf(1)}`);
});

test('F53 the Idempotency-Key reaches the api with the bytes of the body', async () => {
  const fixture = openFixture();
  const headers = { 'idempotency-key': 'retry-1' };
  await post(fixture, { type: json, payload: '{"text": "a"}', headers });
  const { key, body } = fixture.api.drafts[0]?.options.idempotency ?? {};
  expect([key, new TextDecoder().decode(body)]).toEqual(['retry-1', '{"text": "a"}']);
});

test('F53 an answer that repeats an earlier one says so, and no other', async () => {
  const fixture = openFixture();
  const headers = { 'idempotency-key': 'retry-1' };
  const answers = [
    await post(fixture, { type: form, payload: 'a' }),
    await post(fixture, { type: form, payload: 'a', headers }),
    await post(fixture, { type: form, payload: 'a', headers }),
  ];
  const said = answers.map((answer) => answer.headers['idempotency-replayed']);
  expect(said).toEqual([undefined, undefined, 'true']);
  expect(answers[2]?.status).toBe(201);
  expect(answers[2]?.json()['id']).toBe(answers[1]?.json()['id']);
});

test('F53 the same body to another group is another request', async () => {
  const fixture = openFixture();
  const headers = { 'idempotency-key': 'retry-1' };
  for (const query of ['', '?group=a', '?group=b', '?group=b&min_peers=0']) {
    await post(fixture, { type: form, payload: 'a', headers, query });
  }
  const bodies = fixture.api.drafts.map(({ options }) => String(options.idempotency?.body));
  expect(new Set(bodies).size).toBe(3);
  expect(bodies[2]).toBe(bodies[3]);
});

test.each(['', 'a b', 'ä', 'x'.repeat(256)])('the Idempotency-Key %j is refused', async (key) => {
  const fixture = openFixture();
  const answer = await post(fixture, {
    type: form,
    payload: 'a',
    headers: { 'idempotency-key': key },
  });
  expect(answer.json()).toMatchObject({ code: 'bad-field' });
  expect(answer.json()['detail']).toContain('Idempotency-Key');
});

test('an Idempotency-Key that was used with another body is answered with 422', async () => {
  const fixture = openFixture();
  fixture.api.failure = new SkychatError('idempotency-mismatch', 'another body');
  const headers = { 'idempotency-key': 'k' };
  const answer = await post(fixture, { type: form, payload: 'a', headers });
  expect(answer.status).toBe(422);
});

test('a posted message is the same under /v1', async () => {
  const fixture = openFixture();
  const options = { method: 'POST', url: '/v1/messages', payload: { text: 'a' } } as const;
  const answer = await fixture.server.fastify.inject(options);
  expect([answer.statusCode, answer.headers.location]).toEqual([201, `/messages/${idOf(1)}`]);
});
