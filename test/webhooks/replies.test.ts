import { expect, test } from 'vitest';
import { SkychatError } from '../../src/errors.ts';
import { webhookLimits } from '../../src/webhooks/limits.ts';
import { draft, only, WebhookRig } from './rig.ts';

function answering(text: string): string {
  return JSON.stringify({ text });
}

test('an answer of a text is a reply in the name of the hook, and the hook is not told of it', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => ({ body: answering('done') });
  const asked = rig.api.arrive('deploy!');
  await rig.settle();
  expect(rig.api.drafts.map((each) => each.draft)).toEqual([
    { text: 'done', group: asked.group, replyTo: asked.id, bot: 'deploy' },
  ]);
  expect(rig.texts).toEqual(['deploy!']);
  expect(only(webhooks).cursor).toBe('2');
});

test.each([
  '',
  'ok',
  '{"text":""}',
  '{"text":1}',
  '{"tex":"a"}',
  '[{"text":"a"}]',
  '{"text":"a"',
  '{}',
])('the answer %j is no reply', async (body) => {
  const rig = new WebhookRig();
  await (await rig.open()).create(draft);
  rig.answerTo = () => ({ body });
  rig.api.arrive('deploy!');
  await rig.settle();
  expect([rig.api.drafts.length, rig.texts.length]).toEqual([0, 1]);
});

test('F53 a message that is delivered again gets no second reply', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create({ ...draft, events: ['message', 'edit'] });
  rig.answerTo = () => ({ body: answering(`answer ${rig.requests.length}`) });
  const message = rig.api.arrive('deploy!');
  await rig.settle();
  rig.api.arriveNote('edit', message);
  await rig.settle();
  expect(rig.requests).toHaveLength(2);
  const replies = rig.api.stored.filter(({ reply_to }) => reply_to === message.id);
  expect(replies.map(({ text }) => text)).toEqual(['answer 1']);
});

test('what bots wrote is told only to a hook that asks for it, and never what it wrote itself', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create({ ...draft, url: 'http://shy.example/' });
  await webhooks.create({ ...draft, url: 'http://bold.example/', bots: true });
  rig.api.arrive('by another bot here', { bot: true, name: 'grafana', mine: true });
  rig.api.arrive('by a bot elsewhere', { bot: true, name: 'deploy', mine: false });
  rig.api.arrive('by itself', { bot: true, name: 'deploy', mine: true });
  rig.api.arrive('by a person', { mine: true });
  await rig.settle();
  const told = (host: string): string[] =>
    rig.texts.filter((_, i) => rig.requests[i]?.url.includes(host));
  expect(told('shy')).toEqual(['by a person']);
  expect(told('bold')).toEqual(['by another bot here', 'by a bot elsewhere', 'by a person']);
});

test('two hooks that answer whatever they are told come to an end', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create({ ...draft, name: 'ping', bots: true });
  await webhooks.create({ ...draft, name: 'pong', bots: true });
  rig.answerTo = () => ({ body: answering('and you?') });
  rig.api.arrive('hello');
  for (let i = 0; i < 20; i++) await rig.settle();
  const depth = rig.api.stored.length;
  for (let i = 0; i < 5; i++) await rig.settle();
  expect(rig.api.stored).toHaveLength(depth);
  // Each of both answers each answer of the other, in rows of so many.
  expect(depth).toBeLessThanOrEqual(1 + 2 * webhookLimits.botRepliesMax);
  expect(depth).toBeGreaterThan(2);
});

test('a reply that cannot be posted does not stop the hook, and one that can later is posted', async () => {
  const rig = new WebhookRig();
  const webhooks = await rig.open();
  await webhooks.create(draft);
  rig.answerTo = () => ({ body: answering('done') });
  const refusals = ['not-a-member', 'disk-full'] as const;
  const post = rig.api.post.bind(rig.api);
  let posts = 0;
  rig.api.post = (...parameters) => {
    const code = refusals[posts++];
    if (code !== undefined) return Promise.reject(new SkychatError(code, 'no'));
    return post(...parameters);
  };
  rig.api.arrive('first');
  rig.api.arrive('second');
  await rig.settle();
  expect(only(webhooks)).toMatchObject({ state: 'retrying', reason: 'no' });
  await rig.advance(webhookLimits.faultMs);
  expect(rig.texts).toEqual(['first', 'second', 'second']);
  expect(rig.ids[1]).toBe(rig.ids[2]);
  expect(rig.api.drafts).toHaveLength(1);
});
