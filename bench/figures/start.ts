// The start of a node that has a million messages, and the page that every reader asks for first.
import { below, type Figure } from '../support/figure.ts';
import { Daemon } from '../support/daemon.ts';
import { prepareHistory } from '../support/prepare.ts';
import { median, percentile } from '../support/statistics.ts';

const history = { inSegments: 995_000, single: 5_000 };
const rounds = 3;
const pages = 200;

export const start: Figure = {
  name: 'start',
  title: 'start with 1,000,000 stored messages',
  how: 'from the start of the process to its line that says where it listens; files in the page cache',
  async run(workspace) {
    const data = await prepareHistory(workspace, history);
    const starts: number[] = [];
    const first: number[] = [];
    const later: number[] = [];
    let resident = Number.NaN;
    for (let round = 0; round < rounds; round++) {
      const daemon = await Daemon.start(workspace, data);
      starts.push(daemon.startMs);
      const { messages } = await daemon.status();
      if (messages !== 1_000_000) throw new Error(`${messages} messages`);
      first.push(await page(daemon));
      for (let i = 0; i < pages; i++) later.push(await page(daemon));
      resident = daemon.memory().now;
      await daemon.stop();
    }
    const what = 'newest 50 by GET /messages';
    return [
      { what: 'start to listening', value: median(starts), unit: 'ms', target: below(1000) },
      { what: `${what}, first call`, value: median(first), unit: 'ms' },
      { what: `${what}, median`, value: median(later), unit: 'ms', target: below(5) },
      { what: `${what}, 99 %`, value: percentile(later, 99), unit: 'ms' },
      { what: 'resident memory afterwards', value: resident, unit: 'MB' },
    ];
  },
};

async function page(daemon: Daemon): Promise<number> {
  const request = daemon.http.build('GET', '/messages');
  const startedAt = performance.now();
  const { status } = await daemon.http.send(request);
  if (status !== 200) throw new Error(`answered ${status}`);
  return performance.now() - startedAt;
}
