import { expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { webhookLimits } from '../../src/webhooks/limits.ts';
import { alice, bob, lobby } from '../support/fake-api.ts';
import { draft, only, WebhookRig } from './rig.ts';

test('what arrives is sent once each and in order, and what was there before is not', async () => {
  const rig = new WebhookRig();
  rig.api.arrive('before');
  const webhooks = await rig.open();
  await webhooks.create(draft);
  for (let i = 0; i < 100; i++) rig.api.arrive(`text ${i}`);
  await rig.settle();
  expect(rig.texts).toEqual(Array.from({ length: 100 }, (_, i) => `text ${i}`));
  expect(new Set(rig.ids).size).toBe(100);
  expect(only(webhooks)).toMatchObject({ state: 'active', reason: null, cursor: '101' });
});

test('a delivery verifies with the reference library of Standard Webhooks', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  const { secret } = await webhooks.create(draft);
  const message = rig.api.arrive('grüße 👋');
  await rig.settle();
  const [request] = rig.requests;
  const headers = request?.headers ?? {};
  // The library looks at the clock of the machine.
  const verifier = new Webhook(secret);
  const timestamp = new Date(Number(headers['webhook-timestamp']) * 1000);
  const expected = verifier.sign(headers['webhook-id'] ?? '', timestamp, request?.body ?? '');
  expect(headers['webhook-signature']).toBe(expected);
  expect(JSON.parse(request?.body ?? '')).toEqual({
    type: 'message',
    timestamp: message.time,
    data: JSON.parse(JSON.stringify(message)) as unknown,
  });
});

test('a failed delivery is tried again with the same id, and nothing overtakes it', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => (rig.requests.length < 4 ? { status: 500 } : {});
  rig.api.arrive('first');
  rig.api.arrive('second');
  await rig.settle();
  expect(only(webhooks)).toMatchObject({
    ...{ state: 'retrying', reason: 'the receiver answered 500', failures: 1, cursor: '0' },
    next_attempt: expect.stringMatching(/^2027-/) as unknown,
  });
  await rig.advance(7_000);
  expect(rig.texts).toEqual(['first', 'first', 'first', 'first', 'second']);
  expect(new Set(rig.ids.slice(0, 4)).size).toBe(1);
  expect(only(webhooks)).toMatchObject({ state: 'active', reason: null, failures: 0 });
});

test('waits double up to a bound, each shortened by chance', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => 'refused';
  rig.api.arrive('first');
  await rig.settle();
  const waits: number[] = [];
  for (let i = 0; i < 15; i++) {
    rig.unit = i === 3 ? 0.5 : 1;
    waits.push(rig.time.next);
    await rig.advance(rig.time.next);
  }
  expect(waits.slice(0, 6)).toEqual([1000, 2000, 4000, 8000, 8000, 32_000]);
  expect(waits.at(-1)).toBe(webhookLimits.backoffMsMax);
});

test('a receiver that says when to come again is not asked before', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => (rig.requests.length === 1 ? { status: 429, retryAfter: '90' } : {});
  rig.api.arrive('first');
  await rig.settle();
  await rig.advance(89_999);
  expect(rig.requests).toHaveLength(1);
  await rig.advance(1);
  expect(rig.requests).toHaveLength(2);
});

test('a receiver that hangs is given up on after its time, and delays no other hook', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create({ ...draft, url: 'http://slow.example/' });
  await webhooks.create({ ...draft, url: 'http://quick.example/' });
  rig.answerTo = ({ url }) => (url.includes('slow') ? 'nothing' : {});
  for (let i = 0; i < 5; i++) rig.api.arrive(`text ${i}`);
  await rig.settle();
  const sent = (host: string): number =>
    rig.requests.filter(({ url }) => url.includes(host)).length;
  expect([sent('slow'), sent('quick')]).toEqual([1, 5]);
  await rig.advance(webhookLimits.attemptMs);
  expect(only(webhooks).reason).toBe('no answer within 15 s');
});

test('a hook that fails too often is dead with the reason until it is revived where it stopped', async () => {
  const rig = new WebhookRig();
  let webhooks = await rig.open({ times: { attemptsMax: 3 } });
  const { id } = await webhooks.create(draft);
  rig.answerTo = () => ({ status: 503 });
  rig.api.arrive('first');
  await rig.settle();
  await rig.advance(3_600_000);
  expect(rig.requests).toHaveLength(3);
  const dead = {
    state: 'dead',
    reason: '3 attempts failed; the last one: the receiver answered 503',
  };
  expect(only(webhooks)).toMatchObject(dead);
  await webhooks.close();
  webhooks = await rig.open();
  expect(only(webhooks)).toMatchObject(dead);
  rig.api.arrive('second');
  await rig.settle();
  expect(rig.requests).toHaveLength(3);
  rig.answerTo = () => ({});
  await webhooks.revive(id, false);
  await rig.settle();
  expect(rig.texts.slice(3)).toEqual(['first', 'second']);
  expect(only(webhooks)).toMatchObject({ state: 'active', reason: null });
});

test('a hook can be revived without what it missed', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open({ times: { attemptsMax: 1 } });
  const { id } = await webhooks.create(draft);
  rig.answerTo = () => 'refused';
  rig.api.arrive('first');
  await rig.settle();
  expect(only(webhooks).reason).toContain('no answer: ECONNREFUSED');
  rig.answerTo = () => ({});
  await webhooks.revive(id, true);
  rig.api.arrive('second');
  await rig.settle();
  expect(rig.texts).toEqual(['first', 'second']);
});

test('410 Gone ends a hook at once', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => ({ status: 410 });
  rig.api.arrive('first');
  rig.api.arrive('second');
  await rig.settle();
  await rig.advance(3_600_000);
  expect(rig.requests).toHaveLength(1);
  expect(only(webhooks)).toMatchObject({ state: 'dead', reason: 'the receiver answered 410 Gone' });
});

test('a redirect is a failure and not followed', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => ({ status: 302 });
  rig.api.arrive('first');
  await rig.settle();
  expect(only(webhooks).reason).toBe('the receiver answered 302, and redirects are not followed');
});

test('F46 F57 a restart goes on behind the last delivery, and repeats the id of what was under way', async () => {
  const rig = new WebhookRig();
  const first = await rig.open();
  await first.create(draft);
  rig.api.arrive('first');
  await rig.settle();
  rig.answerTo = () => 'nothing';
  rig.api.arrive('second');
  await rig.settle();
  await first.close();
  rig.api.arrive('third');
  rig.answerTo = () => ({});
  await rig.open();
  await rig.settle();
  expect(rig.texts).toEqual(['first', 'second', 'second', 'third']);
  expect(rig.ids[1]).toBe(rig.ids[2]);
});

test('what the receiver has is not taken for delivered before it is on disk that it has', async () => {
  const rig = new WebhookRig();
  let isFull = false;
  const webhooks = await rig.open({
    writeLocal: (changes) => {
      if (isFull) return Promise.reject(new Error('disk full'));
      return rig.writeLocal(changes);
    },
  });
  await webhooks.create(draft);
  isFull = true;
  rig.api.arrive('first');
  await rig.settle();
  expect(only(webhooks)).toMatchObject({
    state: 'retrying',
    reason: 'the node failed; see its log',
  });
  isFull = false;
  await rig.advance(webhookLimits.faultMs);
  expect(only(webhooks).state).toBe('active');
  const next = new WebhookRig();
  for (const [key, value] of rig.rows) next.rows.set(key, value);
  expect(only(await next.open()).cursor).toBe('1');
});

test('a removed hook is told nothing more and leaves no row behind', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  const { id } = await webhooks.create(draft);
  await webhooks.remove(id);
  rig.api.arrive('first');
  await rig.settle();
  expect([rig.requests.length, rig.rows.size, webhooks.list().length]).toEqual([0, 0, 0]);
  await expect(webhooks.remove(id)).rejects.toMatchObject({ code: 'unknown-hook' });
  await expect(webhooks.revive(id, false)).rejects.toMatchObject({ code: 'unknown-hook' });
});

test('a hook is told of its group, its events and its mentions alone', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create({ ...draft, group: 'lobby', mentions: true, events: ['message', 'edit'] });
  const named = { mentions: [alice] };
  const other = rig.api.arrive('elsewhere', { ...named, group: '20'.repeat(32) });
  rig.api.arrive('for nobody');
  rig.api.arrive('for bob', { mentions: [bob] });
  const message = rig.api.arrive('for the node', named);
  rig.api.arrive('for @Deploy, by name');
  rig.api.arrive('not for x@deploy or @deployment');
  rig.api.arriveNote('edit', message);
  rig.api.arriveNote('reaction', message);
  rig.api.arriveNote('edit', other);
  await rig.settle();
  expect(rig.texts).toEqual(['for the node', 'for @Deploy, by name', 'for the node']);
  expect(rig.requests.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
    ...['message', 'message', 'edit'],
  ]);
});

test('that something is not there any more is told, to those whom it could concern', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  const eventsAfter = rig.api.eventsAfter.bind(rig.api);
  const gaps = [lobby, '20'.repeat(32), null].map((group) => ({
    ...{ of: 'message' as const, reason: 'expired' as const, group, after: '0', count: 1 },
  }));
  rig.api.eventsAfter = async (cursor, ...rest) => {
    const page = await eventsAfter(cursor, ...rest);
    if (cursor !== '0' || page.events.length === 0) return page;
    const events = gaps.map((gap) => ({ event: 'gap' as const, cursor: '1', gap }));
    return { ...page, events };
  };
  await webhooks.create({ ...draft, group: 'lobby', mentions: true });
  rig.answerTo = () => ({ body: '{"text":"a gap is not answered"}' });
  rig.api.arrive('gone');
  await rig.settle();
  const told = rig.requests.map(({ body }) => JSON.parse(body) as { type: string; data: object });
  expect(told).toMatchObject([
    { type: 'gap', data: { group: lobby, reason: 'expired' } },
    { type: 'gap', data: { group: null } },
  ]);
  expect(rig.api.drafts).toEqual([]);
});

test('what is not for a hook moves its cursor in time, without a write for each', async () => {
  const rig = new WebhookRig();
  let writes = 0;
  const webhooks = await rig.open({
    writeLocal: (changes) => {
      writes++;
      return rig.writeLocal(changes);
    },
  });
  await webhooks.create({ ...draft, mentions: true });
  for (let i = 0; i < webhookLimits.passedMax + 10; i++) rig.api.arrive('for nobody');
  for (let i = 0; i < 5; i++) await rig.settle();
  expect(only(webhooks).cursor).toBe(String(webhookLimits.passedMax + 10));
  expect(writes).toBeLessThan(4);
  const cursor = [...rig.rows].find(([key]) => key.startsWith('webhook-cursor/'))?.[1];
  expect(Number(Buffer.from(cursor ?? []).toString())).toBeGreaterThanOrEqual(
    webhookLimits.passedMax,
  );
});

test.each([
  ['ftp://a.example/', 'is not http or https'],
  ['javascript:alert(1)', 'is not http or https'],
  ['http://user:secret@a.example/', 'has a user or a password in it'],
  ['a.example', 'is not a URL'],
  [`http://a.example/${'x'.repeat(webhookLimits.urlCharsMax)}`, 'is not a URL'],
])('no hook is made for %s', async (url, words) => {
  const webhooks = await new WebhookRig().open();
  await expect(webhooks.create({ ...draft, url })).rejects.toMatchObject({
    ...{ code: 'bad-field', message: `the url ${words}` },
  });
  expect(webhooks.list()).toEqual([]);
});

test('there are no more hooks than the bound', async () => {
  const webhooks = await new WebhookRig().open({ hooksMax: 2 });
  await webhooks.create(draft);
  await webhooks.create(draft);
  await expect(webhooks.create(draft)).rejects.toMatchObject({ code: 'bad-field' });
});

test('a hook in an unknown group is not made', async () => {
  const webhooks = await new WebhookRig().open();
  const unknown = webhooks.create({ ...draft, group: 'nowhere' });
  await expect(unknown).rejects.toMatchObject({ code: 'unknown-group' });
});
