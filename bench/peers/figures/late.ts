// A node that joins a long conversation: when it shows its first message.
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon } from '../../support/daemon.ts';
import { prepareHistory, prepareKey, readKey } from '../../support/prepare.ts';
import type { Workspace } from '../../support/workspace.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { openAuthor, openReceiver } from '../support/pair.ts';
import { patienceMs } from './shared.ts';

export const late: Figure = {
  name: 'late-joiner',
  title: 'first message of a conversation of 200,000 in a new node',
  how: 'from the start of the process to the first message; 20,000 with --quick',
  systems: ['skychat', 'hypercore', 'ssb', 'daemon'],
  once: true,
  rows: [
    {
      ...{ key: 'ms', what: 'start to first message', unit: 'ms', better: 'lower' },
      target: { kind: 'at most', value: 1000 },
      chart: 'Late joiner, start to first message, ms',
    },
  ],
  async measure({ workspace, isQuick }, system) {
    const each = isQuick ? 20_000 : 200_000;
    if (system === 'daemon') return throughDaemon(workspace, each);
    const author = await openAuthor(workspace, system, { feeds: 1, each });
    const startedAt = performance.now();
    const receiver = await openReceiver(workspace, system, author.feeds);
    const wanted = { count: 1, patienceMs };
    const { ms } = await receiver.process.ask('receive', { ...author.at, ...wanted });
    const sinceStart = performance.now() - startedAt;
    await Promise.all([receiver.process.close(), author.process.close()]);
    return { ms: ms === undefined ? null : sinceStart };
  },
};

async function throughDaemon(workspace: Workspace, messages: number): Promise<Sample> {
  const data = await prepareHistory(workspace, { inSegments: 0, single: messages });
  const joiner = prepareKey(workspace, 'joiner');
  const author = await Daemon.start(workspace, data, '--allow', joiner.pk);
  const flags = ['--allow', readKey(data), '--peers', author.address];
  const startedAt = performance.now();
  const receiver = await Daemon.start(workspace, joiner.data, ...flags);
  let ms: number | null = null;
  while (ms === null && performance.now() - startedAt < patienceMs) {
    const page = (await receiver.http.json('GET', '/messages?limit=1')) as { messages: unknown[] };
    if (page.messages.length > 0) ms = performance.now() - startedAt;
    else await sleep(5);
  }
  await Promise.all([receiver.stop(), author.stop()]);
  return { ms };
}
