// What encryption costs a whole node: the same posts, and the same history, in the room and in an
// encrypted group, in turns.
import type { GroupView } from '../../src/chat/view.ts';
import { Daemon } from '../support/daemon.ts';
import type { Figure } from '../support/figure.ts';
import { postLoad } from '../support/post-load.ts';
import { prepareKey, readKey } from '../support/prepare.ts';
import { median } from '../support/statistics.ts';
import type { Workspace } from '../support/workspace.ts';

const connections = 16;
const roundMs = 1500;
const postRounds = 6;
const messages = 20_000;
const historyRounds = 3;
/** Encrypting costs at most a quarter. */
const ratioMin = 0.75;

export const encrypted: Figure = {
  name: 'encrypted',
  title: 'POST /messages and 20,000 messages of history, in an encrypted group and in the room',
  how: 'real processes; 16 connections of 200 random printable bytes; the history is of roots of a few messages each',
  async run(workspace) {
    const posts = await measurePosts(workspace);
    const history = await measureHistory(workspace);
    const row = (what: string, { sealed, open }: Rates) => ({
      ...{ what, value: median(sealed), unit: '/s' },
      primitive: { what: 'the same in the room', value: median(open), ratioMin },
    });
    return [row('posts answered 201', posts), row('messages replicated', history)];
  },
};

interface Rates {
  readonly sealed: number[];
  readonly open: number[];
}

async function createGroup(daemon: Daemon, ...members: readonly string[]): Promise<string> {
  const body = JSON.stringify({ name: 'sealed', encrypted: true, members });
  return ((await daemon.http.json('POST', '/groups', body)) as GroupView).id;
}

async function measurePosts(workspace: Workspace): Promise<Rates> {
  const daemon = await Daemon.start(workspace, workspace.path('encrypted-posts'));
  const group = await createGroup(daemon);
  const rates: Rates = { sealed: [], open: [] };
  for (let round = 0; round < postRounds; round++) {
    const options = { port: daemon.port, connections, ms: roundMs };
    const open = await postLoad(options);
    const sealed = await postLoad({ ...options, group });
    // The first round warms the compiler up.
    if (round === 0) continue;
    rates.open.push(open.perSecond);
    rates.sealed.push(sealed.perSecond);
  }
  await daemon.stop();
  return rates;
}

async function measureHistory(workspace: Workspace): Promise<Rates> {
  const keys = Array.from({ length: historyRounds }, (_, i) =>
    ['open', 'sealed'].map((kind) => prepareKey(workspace, `encrypted-${kind}-${i}`)),
  ).flat();
  const allow = ['--allow', keys.map(({ pk }) => pk).join(',')];
  const rates: Rates = { sealed: [], open: [] };
  const authors: Record<keyof Rates, { daemon: Daemon; data: string }> = {
    open: await startAuthor(workspace, 'open', allow),
    sealed: await startAuthor(workspace, 'sealed', allow),
  };
  const group = await createGroup(authors.sealed.daemon, ...keys.map(({ pk }) => pk));
  const { open, sealed } = authors;
  const options = { connections: 64, count: messages };
  await postLoad({ ...options, port: open.daemon.port });
  await postLoad({ ...options, port: sealed.daemon.port, group });
  for (const [i, { data }] of keys.entries()) {
    const kind = i % 2 === 0 ? 'open' : 'sealed';
    const author = authors[kind];
    const receiver = await Daemon.start(workspace, data, '--allow', readKey(author.data));
    await receiver.status();
    const startedAt = performance.now();
    await receiver.addPeer(author.daemon.address);
    await receiver.untilMessages(messages);
    rates[kind].push(messages / ((performance.now() - startedAt) / 1000));
    await receiver.stop();
  }
  await Promise.all([open.daemon.stop(), sealed.daemon.stop()]);
  return rates;
}

async function startAuthor(
  workspace: Workspace,
  kind: string,
  flags: readonly string[],
): Promise<{ daemon: Daemon; data: string }> {
  const { data } = prepareKey(workspace, `encrypted-author-${kind}`);
  return { data, daemon: await Daemon.start(workspace, data, ...flags) };
}
