// What a link costs that finds both sides in sync: bytes, and round trips behind the handshake.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { below, type Figure, type Row } from '../support/figure.ts';
import { Daemon } from '../support/daemon.ts';
import { prepareFeeds, prepareKey, readKey } from '../support/prepare.ts';
import { Proxy, type Chunk } from '../support/proxy.ts';
import type { Workspace } from '../support/workspace.ts';

/** One way, so that what answers what can be told apart. */
const delayMs = 100;
const quietMs = 1000;

export const reconnect: Figure = {
  name: 'reconnect',
  title: 'two nodes in sync link up again',
  how: 'counted by a TCP proxy with 100 ms of delay each way, from the dial until nothing follows',
  async run(workspace) {
    return [...(await measure(workspace, 1)), ...(await measure(workspace, 1000))];
  },
};

async function measure(workspace: Workspace, feeds: number): Promise<readonly Row[]> {
  const { data, authors } = await prepareFeeds(workspace, feeds);
  const dialing = prepareKey(workspace, 'dialing');
  // As many keys as a vouch may name do not fit a command line comfortably.
  const config = workspace.path('config.json');
  const allow = [...authors, dialing.pk, readKey(data)];
  writeFileSync(config, JSON.stringify({ allow }));
  const listener = await Daemon.start(workspace, data, '--config', config);
  const proxy = await Proxy.open(listener.listen, delayMs);
  const peer = `${listener.pk}@${proxy.address}`;
  const dialer = await Daemon.start(workspace, dialing.data, '--config', config, '--peers', peer);
  await dialer.untilMessages(feeds);
  for (const daemon of [dialer, listener]) await daemon.untilInSync(1);
  await quiet(proxy);
  const before = proxy.connections;
  proxy.cut();
  while (proxy.connections === before) await sleep(10);
  await quiet(proxy);
  const { chunks } = proxy;
  proxy.close();
  await Promise.all([dialer.stop(), listener.stop()]);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  const name = feeds === 1 ? '1 feed' : `${feeds.toLocaleString('en')} feeds`;
  return [
    {
      ...{ what: `${name}: bytes with the handshake, both directions`, value: bytes },
      ...{ unit: 'bytes', target: below(1024) },
    },
    {
      ...{ what: `${name}: round trips behind the handshake`, value: roundTrips(chunks) },
      ...{ unit: '', target: below(1.5) },
    },
  ];
}

/** Resolves once nothing has passed for a while. */
async function quiet(proxy: Proxy): Promise<void> {
  for (;;) {
    const seen = proxy.chunks.length;
    await sleep(quietMs);
    if (seen > 0 && proxy.chunks.length === seen) return;
  }
}

/** Keepalives and the word that a link is accepted are shorter; a frame with a key is not. */
const shortBytes = 48;

/**
 * From the dialer's second and last message of the handshake, one round trip behind its first, to
 * the arrival of the last bytes of the gossip.
 */
function roundTrips(chunks: readonly Chunk[]): number {
  const first = chunks.at(0);
  const last = chunks.findLast(({ bytes }) => bytes > shortBytes);
  if (first === undefined || last === undefined) return Number.NaN;
  const oneWays = Math.round((last.at - first.at) / delayMs) + 1;
  return oneWays / 2 - 1;
}
