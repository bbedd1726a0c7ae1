// POST /messages over real sockets, each answered 201 once it is on disk.
import { atLeast, below, type Figure } from '../support/figure.ts';
import { Daemon } from '../support/daemon.ts';
import { JsonLines } from '../support/lines.ts';
import { postLoad, type Load } from '../support/post-load.ts';
import { median, percentile } from '../support/statistics.ts';
import { stop } from '../support/workspace.ts';

const connections = 16;
const roundMs = 1500;
const rounds = 6;

export const http: Figure = {
  name: 'http',
  title: 'POST /messages, 16 keep-alive connections, each 201 durable',
  how: 'a node and a load generator, a process each; 200 bytes; one request at a time a connection',
  async run(workspace) {
    const daemon = await Daemon.start(workspace, workspace.path('http'));
    const bare = workspace.spawnScript('bare-http', workspace.path('bare-http'));
    const { port } = (await new JsonLines(bare, 'the bare server').read()) as { port: number };
    const ours: Load[] = [];
    const primitive: Load[] = [];
    for (let round = 0; round < rounds; round++) {
      const [a, b] = [await load(daemon.port), await load(port)];
      // The first round warms the compiler up.
      if (round === 0) continue;
      ours.push(a);
      primitive.push(b);
    }
    await Promise.all([daemon.stop(), stop(bare)]);
    const rate = (loads: readonly Load[]): number =>
      median(loads.map(({ perSecond }) => perSecond));
    const latency = (loads: readonly Load[], percent: number): number =>
      median(loads.map(({ latencies }) => percentile(latencies, percent)));
    const what = 'bare fastify route over synced LevelDB batches';
    return [
      {
        what: 'posts answered 201',
        value: rate(ours),
        unit: '/s',
        target: atLeast(6_000),
        primitive: { what, value: rate(primitive), ratioMin: 0.7 },
      },
      {
        what: 'latency, median',
        value: latency(ours, 50),
        unit: 'ms',
        primitive: { what, value: latency(primitive, 50) },
      },
      {
        what: 'latency, 99 %',
        value: latency(ours, 99),
        unit: 'ms',
        target: below(15),
        primitive: { what, value: latency(primitive, 99) },
      },
    ];
  },
};

function load(port: number): Promise<Load> {
  return postLoad({ port, connections, ms: roundMs });
}
