// All metrics of a node, in the order of their table.
import { gauge, type Family } from './family.ts';
import { httpFamilies } from './http-families.ts';
import { linkFamilies } from './link-families.ts';
import { storeFamilies } from './store-families.ts';
import { syncFamilies } from './sync-families.ts';

export const families: readonly Family[] = [
  {
    ...{ name: 'skychat_build_info', help: 'Always 1; the label is the version of skychat-node.' },
    ...{ type: 'gauge', labels: ['version'] },
    read: ({ status }) => [{ value: 1, labels: { version: status.version } }],
  },
  gauge('skychat_uptime_seconds', 'Seconds since the node was opened.', ({ uptimeS }) => uptimeS),
  ...syncFamilies,
  ...linkFamilies,
  ...storeFamilies,
  ...httpFamilies,
];
