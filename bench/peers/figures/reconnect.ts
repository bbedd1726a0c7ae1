// What a link costs that finds both sides in sync.
import { setTimeout as sleep } from 'node:timers/promises';
import { Proxy } from '../../support/proxy.ts';
import type { Workspace } from '../../support/workspace.ts';
import type { Figure, Row, Sample } from '../support/figure.ts';
import { openAuthor } from '../support/pair.ts';
import { ParticipantProcess } from '../support/process.ts';
import { peers, type Peer } from '../support/systems.ts';
import { asPeer } from './shared.ts';

const counts = [1000, 10_000] as const;
/** A link that was silent for so long has said what it had to say. */
const quietMs = 1500;
const quietPatienceMs = 30_000;
const syncPatienceMs = 100_000;

const cases = [
  ['first', 'first time'],
  ['again', 'once more'],
  ['restart', 'after a restart of both'],
] as const;

export const reconnect: Figure = {
  name: 'reconnect',
  title: 'two nodes in sync meet again',
  how: 'all bytes of the new connection with its handshake, counted by a TCP proxy until nothing follows for 1.5 s; compared with the least that a peer needs in any of the cases',
  systems: peers,
  once: true,
  isComparedWithBest: true,
  rows: counts.flatMap((feeds) =>
    cases.map(([key, words]): Row => ({
      ...{ key: `${feeds}-${key}`, what: `${feeds.toLocaleString('en')} feeds, ${words}` },
      ...{ unit: 'bytes', better: 'lower', target: { kind: 'ratio at most', value: 1 } },
      ...(key === 'restart' && {
        chart: `Reconnect in sync, ${feeds.toLocaleString('en')} feeds, bytes`,
      }),
    })),
  ),
  async measure({ workspace, isQuick }, system) {
    const sample: Record<string, number | null> = {};
    for (const feeds of counts) {
      if (isQuick && feeds > 1000) continue;
      const result = await measureFeeds(workspace, asPeer(system), feeds);
      for (const [key, value] of Object.entries(result)) sample[`${feeds}-${key}`] = value;
    }
    return sample;
  },
};

async function measureFeeds(workspace: Workspace, system: Peer, feeds: number): Promise<Sample> {
  const author = await openAuthor(workspace, system, { feeds, each: 1 });
  const directory = workspace.path(`${system}-meets`);
  let dialer = await openDialer(workspace, system, directory, author.feeds);
  const proxy = await Proxy.open(`127.0.0.1:${author.at.port}`, 0);
  const at = { ...author.at, port: portOf(proxy) };
  const patience = { count: feeds, patienceMs: syncPatienceMs };
  const { ms } = await dialer.ask('receive', { ...at, ...patience });
  if (ms === undefined) {
    proxy.close();
    await Promise.all([dialer.close(), author.process.close()]);
    return { first: null, again: null, restart: null };
  }
  await quiet(proxy);
  const meetAgain = async (): Promise<number> => {
    const before = proxy.connections;
    proxy.cut();
    // What redials by itself needs no word.
    await sleep(1000);
    if (proxy.connections === before) await dialer.ask('connect', at);
    return quiet(proxy);
  };
  const first = await meetAgain();
  const again = await meetAgain();
  proxy.close();
  await Promise.all([dialer.close(), author.process.close()]);
  const listener = await openDialer(workspace, system, author.directory, author.feeds);
  dialer = await openDialer(workspace, system, directory, author.feeds);
  const listening = await listener.ask('listen');
  const second = await Proxy.open(`127.0.0.1:${listening.port}`, 0);
  await dialer.ask('connect', { ...listening, port: portOf(second) });
  const restart = await quiet(second);
  second.close();
  await Promise.all([dialer.close(), listener.close()]);
  return { first, again, restart };
}

function portOf(proxy: Proxy): number {
  return Number(new URL(`tcp://${proxy.address}`).port);
}

async function openDialer(
  workspace: Workspace,
  system: Peer,
  directory: string,
  feeds: readonly string[],
): Promise<ParticipantProcess> {
  const process = new ParticipantProcess(workspace, system, directory);
  await process.ask('follow', { feeds });
  return process;
}

/** Bytes of the latest connection, once nothing has passed for a while. */
async function quiet(proxy: Proxy): Promise<number> {
  const deadline = performance.now() + quietPatienceMs;
  for (;;) {
    const seen = proxy.chunks.length;
    await sleep(quietMs);
    const isQuiet = seen > 0 && proxy.chunks.length === seen;
    if (isQuiet || performance.now() > deadline) {
      return proxy.chunks.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }
}
