// A message from one node to another that it has no link to, through a third.
import { below, type Figure } from '../support/figure.ts';
import { measureLive } from '../support/live.ts';
import { percentile } from '../support/statistics.ts';

export const relay: Figure = {
  name: 'relay',
  title: 'live, A to B through C',
  how: 'as live; on the disks of all three by then',
  async run(workspace) {
    const { ours, bare } = await measureLive(workspace, 3);
    const what = 'plain TCP through three synced LevelDB puts';
    return [
      {
        ...{ what: 'posted to seen, median', value: percentile(ours, 50), unit: 'ms' },
        target: below(4),
        primitive: { what, value: percentile(bare, 50) },
      },
      {
        ...{ what: 'posted to seen, 99 %', value: percentile(ours, 99), unit: 'ms' },
        primitive: { what, value: percentile(bare, 99) },
      },
    ];
  },
};
