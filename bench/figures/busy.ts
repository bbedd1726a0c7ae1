// What the HTTP surface is like while the node takes in a long history as fast as it can.
import { Daemon } from '../support/daemon.ts';
import { below, type Figure, type Row } from '../support/figure.ts';
import { HttpClient } from '../support/http-client.ts';
import { prepareHistory, prepareKey, randomText, readKey } from '../support/prepare.ts';
import { percentile } from '../support/statistics.ts';

const messages = 200_000;
const connections = [1, 4];

/** Milliseconds, one for each request. */
interface Latencies {
  readonly reads: number[];
  readonly posts: number[];
}

export const busy: Figure = {
  name: 'busy',
  title: `HTTP while the node replicates ${messages.toLocaleString('en')} messages`,
  how: 'GET /messages?limit=50 and POST /messages in turns, one at a time a connection, from POST /peers until /feeds counts every message',
  async run(workspace) {
    const authorData = await prepareHistory(workspace, { inSegments: 0, single: messages });
    const receivers = connections.map((count) => prepareKey(workspace, `busy-${count}`));
    const allow = receivers.map(({ pk }) => pk).join(',');
    const author = await Daemon.start(workspace, authorData, '--allow', allow);
    const rows: Row[] = [];
    for (const [i, { data }] of receivers.entries()) {
      const receiver = await Daemon.start(workspace, data, '--allow', readKey(authorData));
      await warmUp(receiver);
      rows.push(...(await measure(receiver, author, connections[i] ?? 1)));
      await receiver.stop();
    }
    await author.stop();
    return rows;
  },
};

/** The surface has been used before, as that of any node that runs for a while. */
async function warmUp(receiver: Daemon): Promise<void> {
  const client = new HttpClient(receiver.host, receiver.port);
  for (let i = 0; i < 300; i++) await turn(client, { reads: [], posts: [] });
  client.close();
}

async function measure(receiver: Daemon, author: Daemon, count: number): Promise<Row[]> {
  const latencies: Latencies = { reads: [], posts: [] };
  const startedAt = performance.now();
  await receiver.addPeer(author.address);
  const arrived = receiver.untilFeed(author.pk, messages).then(() => performance.now() - startedAt);
  const ended = { yes: false };
  const clients = Array.from({ length: count }, () => new HttpClient(receiver.host, receiver.port));
  const load = clients.map(async (client) => {
    while (!ended.yes) await turn(client, latencies);
    client.close();
  });
  const ms = await arrived;
  ended.yes = true;
  await Promise.all(load);
  const over = `over ${count} connection${count === 1 ? '' : 's'}`;
  return [
    { what: `messages replicated, requests ${over}`, value: messages / (ms / 1000), unit: '/s' },
    ...rowsOf(`GET /messages?limit=50 ${over}`, latencies.reads),
    ...rowsOf(`POST /messages ${over}`, latencies.posts),
  ];
}

async function turn(client: HttpClient, { reads, posts }: Latencies): Promise<void> {
  reads.push(await time(client, client.build('GET', '/messages?limit=50')));
  const body = JSON.stringify({ text: randomText() });
  posts.push(await time(client, client.build('POST', '/messages', body)));
}

async function time(client: HttpClient, request: string): Promise<number> {
  const sentAt = performance.now();
  const { status, body } = await client.send(request);
  if (status >= 300) throw new Error(`answered ${status}: ${body}`);
  return performance.now() - sentAt;
}

function rowsOf(what: string, latencies: readonly number[]): Row[] {
  return [
    { what: `${what}: requests`, value: latencies.length, unit: '' },
    { what: `${what}: median`, value: percentile(latencies, 50), unit: 'ms' },
    { what: `${what}: 99 %`, value: percentile(latencies, 99), unit: 'ms', target: below(20) },
    { what: `${what}: longest`, value: percentile(latencies, 100), unit: 'ms' },
  ];
}
