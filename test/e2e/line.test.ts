// Three processes in a line, of which the outer two do not know each other.
import { expect, test } from 'vitest';
import type { GroupView, Page, StatusView } from '../../src/chat/view.ts';
import { makeLine, type Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

/** Reads by `after`, page by page, until so many ids were given. */
async function readAfter(node: Daemon, count: number, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let after = '0';
  while (ids.length < count) {
    const page = await node.get<Page>(`/messages?after=${after}&limit=${limit}&wait=30`);
    ids.push(...page.messages.map(({ id }) => id));
    after = page.next;
  }
  const rest = await node.get<Page>(`/messages?after=${after}`);
  return [...ids, ...rest.messages.map(({ id }) => id)];
}

/** Whether the room has so many members there, and nothing of what they say is missing. */
async function knowsAll(node: Daemon, members: number): Promise<boolean> {
  const { groups } = await node.get<{ groups: readonly GroupView[] }>('/groups');
  return groups[0]?.members === members && (await node.status()).behind === 0;
}

async function countersOf(node: Daemon): Promise<Pick<Counters, 'dropped' | 'held' | 'forks'>> {
  const { dropped, held, forks } = (await node.status()).counters;
  return { dropped, held, forks };
}

type Counters = StatusView['counters'];

async function postMany(node: Daemon, count: number, writers: number): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) ids.push((await node.post(`${node.name} ${next++}`)).id);
  };
  await Promise.all(Array.from({ length: writers }, write));
  return ids;
}

test('500 messages posted on each of A – B – C at once are the same 1,500 in the same order everywhere, and each reader meets each of them once', async () => {
  const nodes = await makeLine(workspace);
  await Promise.all(nodes.map((node) => node.start()));
  // What C has to say of itself may come to A before the word of B that C is a member: it is counted,
  // as what comes behind it is, and asked for again.
  for (const node of nodes) await node.until('all members', () => knowsAll(node, nodes.length));
  const before = await Promise.all(nodes.map(countersOf));
  const read = Promise.all(nodes.map((node, i) => readAfter(node, 1500, 7 + 40 * i)));
  const posted = await Promise.all(nodes.map((node) => postMany(node, 500, 4)));
  const ids = posted.flat().sort();
  expect(new Set(ids).size).toBe(1500);
  for (const seen of await read) expect([...seen].sort()).toEqual(ids);

  const [a, b, c] = await Promise.all(nodes.map((node) => node.timeline()));
  expect(a?.map(({ id }) => id).sort()).toEqual(ids);
  const shown = (timeline: typeof a) => timeline?.map(({ id, text, time }) => [id, text, time]);
  expect(shown(b)).toEqual(shown(a));
  expect(shown(c)).toEqual(shown(a));
  for (const node of nodes) {
    await node.until('the end', async () => (await node.status()).behind === 0);
  }
  expect(await Promise.all(nodes.map(countersOf))).toEqual(before);
  for (const { held, forks } of before) expect({ held, forks }).toEqual({ held: 0, forks: 0 });
});

test('what A and B posted while C was stopped reaches C from B alone, A being stopped by then', async () => {
  const [a, b, c] = await makeLine(workspace, 'stopped-');
  await Promise.all([a.start(), b.start(), c.start()]);
  await Promise.all([a.untilConnected(b), c.untilConnected(b)]);
  await c.stop();
  const posted = await Promise.all([postMany(a, 1000, 32), postMany(b, 1000, 32)]);
  const ids = posted.flat().sort();
  await b.untilMessages(2000);
  await a.stop();
  await c.start();
  const seen = await readAfter(c, 2000, 400);
  expect([...seen].sort()).toEqual(ids);
  expect((await c.timeline()).map(({ id }) => id)).toEqual(
    (await b.timeline()).map(({ id }) => id),
  );
  await c.until('the end', async () => (await c.status()).behind === 0);
  expect(await c.status()).toMatchObject({ messages: 2000 });
});
