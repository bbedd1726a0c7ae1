// The page that every reader asks for, from many at once, of a node that has a million messages; and
// what a node without any costs: the time to its start, its memory.
import { atLeast, below, type Figure } from '../support/figure.ts';
import { Daemon } from '../support/daemon.ts';
import { HttpClient } from '../support/http-client.ts';
import { prepareHistory } from '../support/prepare.ts';
import { median } from '../support/statistics.ts';

const history = { inSegments: 995_000, single: 5_000 };
const connections = 16;
const roundMs = 1500;
const rounds = 6;

export const reads: Figure = {
  name: 'reads',
  title: 'GET /messages?limit=50 of 1,000,000 stored, 16 keep-alive connections; an idle node',
  how: 'a node and a load generator, a process each; one request at a time a connection',
  async run(workspace) {
    const idle = await Daemon.start(workspace, workspace.path('idle'));
    const { startMs } = idle;
    const { now: residentMb } = idle.memory();
    await idle.stop();
    const daemon = await Daemon.start(workspace, await prepareHistory(workspace, history));
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const rate = await load(daemon.port);
      // The first round warms the compiler up.
      if (round > 0) rates.push(rate);
    }
    await daemon.stop();
    return [
      { what: 'pages of 50', value: median(rates), unit: '/s', target: atLeast(3_000) },
      { what: 'start of an empty node', value: startMs, unit: 'ms', target: below(400) },
      { what: 'its resident memory', value: residentMb, unit: 'MB', target: below(90) },
    ];
  },
};

async function load(port: number): Promise<number> {
  const clients = Array.from({ length: connections }, () => new HttpClient('127.0.0.1', port));
  let count = 0;
  const startedAt = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      const request = client.build('GET', '/messages?limit=50');
      while (performance.now() < startedAt + roundMs) {
        const { status } = await client.send(request);
        if (status !== 200) throw new Error(`answered ${status}`);
        count++;
      }
      client.close();
    }),
  );
  return count / ((performance.now() - startedAt) / 1000);
}
