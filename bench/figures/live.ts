// A message from one node to its neighbour while both are idle otherwise.
import { below, type Figure } from '../support/figure.ts';
import { measureLive } from '../support/live.ts';
import { percentile } from '../support/statistics.ts';

export const live: Figure = {
  name: 'live',
  title: 'live, A to B: posted to seen in the event stream of B',
  how: 'from just before the POST to A is sent; 50 posts a second; on the disks of both by then',
  async run(workspace) {
    const { ours, bare, wireBytes, diskBytes } = await measureLive(workspace, 2);
    const what = 'plain TCP through two synced LevelDB puts';
    return [
      {
        ...{ what: 'posted to seen, median', value: percentile(ours, 50), unit: 'ms' },
        target: below(2),
        primitive: { what, value: percentile(bare, 50) },
      },
      {
        ...{ what: 'posted to seen, 99 %', value: percentile(ours, 99), unit: 'ms' },
        target: below(10),
        primitive: { what, value: percentile(bare, 99) },
      },
      {
        ...{ what: 'on the wire for each message, both directions', value: wireBytes },
        unit: 'bytes',
      },
      {
        ...{ what: 'on the disk of B for each message', value: diskBytes, unit: 'bytes' },
        target: below(600),
      },
    ];
  },
};
