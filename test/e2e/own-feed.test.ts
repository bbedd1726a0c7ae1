// A node that does not know the end of its own feed: a restored backup, a lost store, a key on two
// machines. It fetches what others have of it before it writes, or ends in a fork that all survive.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

// Most of them wait for times of the node, and so for nothing that another of them could slow down.
const workspace = useWorkspace('file');

/** Each dials the other, so that none waits long for one that was away; none of them runs. */
async function makePair(name: string): Promise<[Daemon, Daemon]> {
  const b = await Daemon.make(workspace, `${name}-b`);
  const a = await Daemon.make(workspace, `${name}-a`, { flags: ['--peers', b.address] });
  b.flags.push('--peers', a.address);
  return [a, b];
}

async function postTexts(node: Daemon, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await node.post(text);
}

/** Posts until it is let: a post waits for a peer's word of the own feed, and no longer than 10 s. */
async function postOnceKnown(node: Daemon, text: string): Promise<void> {
  await node.until('that it may post', async () => {
    const { status, body } = await node.ask('POST', '/messages', { body: text });
    if (status !== 201) expect(body).toMatchObject({ code: 'own-feed-unknown' });
    return status === 201;
  });
}

/** All of them have the same messages and the same view of forks. */
async function expectEqual(nodes: readonly Daemon[], texts: readonly string[], forks: number) {
  for (const node of nodes) {
    await node.until('the same texts', async () => (await node.arrivals()).length >= texts.length);
    expect((await node.texts()).sort(), node.name).toEqual([...texts].sort());
    const forked = async (): Promise<boolean> => (await node.status()).counters.forks === forks;
    await node.until(`${forks} forks`, forked);
  }
}

describe.concurrent('a node that does not know the end of its own feed', () => {
  test('F58 a node that was restored from an old copy fetches the rest of its own feed, and goes on behind it', async () => {
    const [a, b] = await makePair('restored');
    await Promise.all([a.start(), b.start()]);
    await postTexts(a, '1', '2');
    await a.stop();
    cpSync(a.data, `${a.data}.backup`, { recursive: true });
    await a.start();
    await postTexts(a, '3', '4', '5');
    await b.untilMessages(5);
    await a.kill();
    rmSync(a.data, { recursive: true });
    cpSync(`${a.data}.backup`, a.data, { recursive: true });
    await a.start();
    await a.untilMessages(5);
    const six = await a.post('6');
    await expectEqual([a, b], ['1', '2', '3', '4', '5', '6'], 0);
    const [feed] = (await b.feeds()).filter(({ author }) => author === a.pk);
    expect(feed).toMatchObject({ head: 0, seq: six.seq });
  });

  test('F58 a restored node that posts before it meets anybody forks its feed: all see it, keep every message, and it goes on under the next head', async () => {
    const [a, b] = await makePair('forked');
    const c = await Daemon.make(workspace, 'forked-c', { flags: ['--peers', b.address] });
    b.flags.push('--allow', c.pk);
    await Promise.all([a.start(), b.start(), c.start()]);
    await postTexts(a, '1');
    await a.stop();
    cpSync(a.data, `${a.data}.backup`, { recursive: true });
    await a.start();
    await postTexts(a, '2', '3');
    await c.untilMessages(3);
    await a.kill();
    rmSync(a.data, { recursive: true });
    cpSync(`${a.data}.backup`, a.data, { recursive: true });
    await b.stop();
    await a.start();
    const lost = await a.post('2, as somebody else remembers it');
    await b.start();
    for (const node of [a, b, c]) {
      await node.until('the fork', async () => (await node.status()).counters.forks === 1);
    }
    await postTexts(a, '4');
    await postTexts(c, '5');
    for (const node of [a, b, c]) {
      await node.until('what came later', async () => {
        const texts = await node.texts();
        return texts.includes('4') && texts.includes('5');
      });
    }
    const heads = (await c.feeds()).filter(({ author }) => author === a.pk).map(({ head }) => head);
    expect(heads.sort()).toEqual([0, 1]);
    // The author still has what it wrote, marked as what it is.
    expect(await a.get(`/messages/${lost.id}`)).toMatchObject({ disputed: true });
    for (const node of [b, c]) {
      const shown = await node.timeline();
      expect(shown.filter(({ disputed }) => disputed).map(({ text }) => text)).toEqual(
        expect.arrayContaining(['2', '3']),
      );
      expect(shown.filter(({ disputed }) => !disputed).map(({ text }) => text)).toEqual(
        expect.arrayContaining(['1', '4', '5']),
      );
    }
  });

  test.each(['store', '.'])(
    'a node that lost its %s directory and kept its key waits for a peer before it posts, says so with 503, and then goes on',
    async (lost) => {
      const [a, b] = await makePair(`lost-${lost === '.' ? 'data' : lost}`);
      await Promise.all([a.start(), b.start()]);
      await postTexts(a, '1', '2');
      await b.untilMessages(2);
      await Promise.all([a.kill(), b.kill()]);
      rmSync(join(a.data, lost), { recursive: true });
      await a.start();
      const refused = await a.ask('POST', '/messages', { body: 'too early' });
      expect(refused).toMatchObject({ status: 503, body: { code: 'own-feed-unknown' } });
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await a.texts()).not.toContain('too early');
      // One that waits is answered as soon as the peer is there.
      const waiting = postOnceKnown(a, '3');
      await b.start();
      await waiting;
      await expectEqual([a, b], ['1', '2', '3'], 0);
    },
  );

  test('a node that lost its store and has nobody to ask goes on with --force-new-head, beside what others have', async () => {
    const [a, b] = await makePair('forced');
    await Promise.all([a.start(), b.start()]);
    await postTexts(a, '1', '2');
    await b.untilMessages(2);
    await Promise.all([a.kill(), b.kill()]);
    rmSync(a.data, { recursive: true });
    await a.start('--force-new-head');
    await postTexts(a, '3');
    await b.start();
    await expectEqual([a, b], ['1', '2', '3'], 0);
  });

  test('F59 of two machines with one key, one is linked and the other waits; when they take turns nothing is forked, and when they do not the fork is seen and survived', async () => {
    const b = await Daemon.make(workspace, 'twice-b');
    const flags = ['--peers', b.address];
    const one = await Daemon.make(workspace, 'twice-one', { flags });
    const { key, pk } = one;
    const two = await Daemon.make(workspace, 'twice-two', { flags, key, pk });
    b.flags.push('--allow', pk);
    await Promise.all([one.start(), b.start()]);
    await postTexts(one, '1');
    await b.untilMessages(1);
    await two.start();
    const older = async (): Promise<boolean> =>
      /still holds an older link/.test((await two.peer(b.pk))?.reason ?? '');
    await two.until('the refusal', older);
    expect(await two.ask('POST', '/messages', { body: 'not yet' })).toMatchObject({
      status: 503,
      body: { code: 'own-feed-unknown' },
    });
    await one.stop();
    await postOnceKnown(two, '2');
    await expectEqual([two, b], ['1', '2'], 0);
    // The first one comes back, and does not know of the second post.
    await two.stop();
    await b.stop();
    await one.start();
    await postTexts(one, 'also 2');
    await b.start();
    for (const node of [one, b]) {
      await node.until('the fork', async () => (await node.status()).counters.forks === 1);
    }
    await postTexts(one, '3');
    await b.until('what came later', async () => (await b.texts()).includes('3'));
  });

  test('F59 two machines with one key cannot be made peers of each other', async () => {
    const one = await Daemon.start(workspace, 'same-one');
    const { key, pk } = one;
    const two = await Daemon.start(workspace, 'same-two', { key, pk });
    const own = await two.ask('POST', '/peers', { json: { address: one.address } });
    expect(own).toMatchObject({ status: 400, body: { code: 'bad-peer-address' } });
  });
});
