// Four processes in a line, each of which knows its neighbours alone: who has a message on its disk
// is known at the other end all the same.
import { describe, expect, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { Daemon, type Answer } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace('file');

/** Started, linked and in one room. They tell nobody where they can be dialed: the line stays one. */
async function startLine(prefix: string): Promise<[Daemon, Daemon, Daemon, Daemon]> {
  const make = (name: string, peers: readonly Daemon[]): Promise<Daemon> => {
    const addresses = peers.flatMap(({ address }) => ['--peers', address]);
    return Daemon.make(workspace, prefix + name, { flags: ['--advertise', 'none', ...addresses] });
  };
  const b = await make('b', []);
  const c = await make('c', [b]);
  const [a, d] = [await make('a', [b]), await make('d', [c])];
  b.flags.push('--allow', `${a.pk},${c.pk}`);
  c.flags.push('--allow', d.pk);
  const nodes: [Daemon, Daemon, Daemon, Daemon] = [a, b, c, d];
  await Promise.all(nodes.map((node) => node.start()));
  for (const node of nodes) {
    await node.until('the feeds', async () => (await node.feeds()).length === nodes.length);
  }
  return nodes;
}

function keysOf(...nodes: readonly Daemon[]): string[] {
  return nodes.map(({ pk }) => pk).sort();
}

function post(node: Daemon, text: string, timeoutMs: number): Promise<Answer<MessageView>> {
  return node.ask<MessageView>('POST', '/messages', {
    json: { text, min_peers: 3, timeout_ms: timeoutMs },
  });
}

async function storedOn(node: Daemon, id: string): Promise<readonly string[]> {
  return (await node.get<MessageView>(`/messages/${id}`)).delivery.stored;
}

describe.concurrent('a line of four', () => {
  test('a post waits for nodes that are no neighbours, and every node comes to know who has it', async () => {
    const [a, b, c, d] = await startLine('known-');
    const { status, body } = await post(a, 'to all three', 60_000);
    expect(status).toBe(201);
    expect(body.delivery).toEqual({ stored: keysOf(b, c, d), members: 4 });
    // On its disk: it is there after a kill -9 at once.
    await d.kill();
    await d.start();
    expect((await d.arrivals()).map(({ id }) => id)).toContain(body.id);
    for (const [node, others] of [
      [b, keysOf(a, c, d)],
      [c, keysOf(a, b, d)],
    ] as const) {
      await node.until('the receipts', async () => {
        const stored = await storedOn(node, body.id);
        return others.every((key) => stored.includes(key));
      });
      expect(await storedOn(node, body.id)).toEqual(others);
    }
  });

  test('a node that is frozen is not counted, and is as soon as it goes on', async () => {
    const [a, b, c, d] = await startLine('frozen-');
    const pid = d.process?.pid ?? expect.fail();
    process.kill(pid, 'SIGSTOP');
    const { status, body } = await post(a, 'to two of three', 1500);
    expect(status).toBe(202);
    expect(body.delivery.members).toBe(4);
    await a.until('the receipts of the others', async () => {
      return (await storedOn(a, body.id)).length >= 2;
    });
    expect(await storedOn(a, body.id)).toEqual(keysOf(b, c));
    process.kill(pid, 'SIGCONT');
    await a.until('the receipt of the last', async () => {
      return (await storedOn(a, body.id)).includes(d.pk);
    });
    expect(await storedOn(a, body.id)).toEqual(keysOf(b, c, d));
  });
});
