// What an answer to a post promises.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace('file');

describe.concurrent('a post', () => {
  test('min_peers is 201 with the peers that have it on their disks, and 202 when the time ran out, after which it still replicates', async () => {
    const b = await Daemon.make(workspace, 'disk-b');
    const a = await Daemon.start(workspace, 'disk-a', { flags: ['--peers', b.address] });
    b.flags.push('--allow', a.pk);
    await b.start();
    await a.untilConnected(b);
    const post = (json: object) => a.ask<MessageView>('POST', '/messages', { json });
    const first = await post({ text: 'on two disks', min_peers: 1, timeout_ms: 60_000 });
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`/messages/${first.body.id}`);
    expect(first.body.delivery).toEqual({ stored: [b.pk], members: 2 });
    // On its disk: it is there after a kill -9 at once.
    await b.kill();
    await b.start();
    expect((await b.arrivals()).map(({ id }) => id)).toEqual([first.body.id]);

    await b.kill();
    const second = await post({ text: 'on one disk', min_peers: 1, timeout_ms: 200 });
    expect(second.status).toBe(202);
    expect(second.body.delivery).toEqual({ stored: [], members: 2 });
    const send = ['send', '--data', a.data, '--wait', '2'];
    const third = await workspace.cli([...send, 'on one disk as well']);
    expect(third.code).toBe(8);
    expect(third.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    await b.start();
    await b.untilMessages(3);
    expect((await b.arrivals()).map(({ id }) => id)).toEqual([
      first.body.id,
      second.body.id,
      third.stdout.trim(),
    ]);
    const delivered = async (): Promise<boolean> =>
      (await a.get<MessageView>(`/messages/${second.body.id}`)).delivery.stored.includes(b.pk);
    await a.until('the receipt', delivered);
    const two = await post({ text: 'more peers than there are', min_peers: 2, timeout_ms: 100 });
    expect(two.status).toBe(202);
  });

  test('F53 a retry with the same Idempotency-Key after a kill -9 gives the first answer, and posts once', async () => {
    const node = await Daemon.start(workspace, 'retry');
    const keyed = (key: string): { headers: Record<string, string> } => ({
      headers: { 'idempotency-key': key },
    });
    const first = await node.post('once', keyed('first'));
    await node.kill();
    await node.start();
    expect(await node.post('once', keyed('first'))).toMatchObject({
      id: first.id,
      cursor: first.cursor,
    });
    const other = await node.ask('POST', '/messages', { body: 'twice', ...keyed('first') });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-mismatch' } });

    // Killed at some moment between the request and its answer, which is lost.
    for (let round = 0; round < 6; round++) {
      const lost = node.post(`round ${round}`, keyed(`round-${round}`)).catch(() => undefined);
      await sleep(round);
      await node.kill();
      const answered = await lost;
      await node.start();
      const { id } = await node.post(`round ${round}`, keyed(`round-${round}`));
      if (answered !== undefined) expect(id).toBe(answered.id);
    }
    expect(await node.texts()).toEqual([
      'once',
      ...Array.from({ length: 6 }, (_, i) => `round ${i}`),
    ]);
  });

  test('a client that repeats its post while the first is on its way gets the same answer', async () => {
    const node = await Daemon.start(workspace, 'repeat');
    const headers = { 'idempotency-key': 'same' };
    const posts = await Promise.all(
      Array.from({ length: 20 }, () => node.post('once', { headers })),
    );
    expect(new Set(posts.map(({ id }) => id)).size).toBe(1);
    expect(await node.texts()).toEqual(['once']);
  });
});
