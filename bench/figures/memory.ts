// Resident memory of a node that has replicated a long history.
import { below, type Figure } from '../support/figure.ts';
import { replications, type Replication } from '../support/replication.ts';

const idleMs = 10_000;
const history = { inSegments: 0, single: 200_000 };

export const memory: Figure = {
  name: 'memory',
  title: 'memory of a node after it has replicated 200,000 messages',
  how: 'resident set of the receiver from /proc, once its /status counts every message',
  async run(workspace) {
    const done: Replication[] = [];
    for await (const replication of replications(workspace, history, 1, idleMs))
      done.push(replication);
    const [replication] = done;
    if (replication === undefined) throw new Error('nothing was replicated');
    const { perSecond, wireBytes, diskBytes } = replication;
    return [
      {
        what: 'resident afterwards',
        value: replication.memory.now,
        unit: 'MB',
        target: below(160),
      },
      { what: 'of it without pages of files', value: replication.memory.own, unit: 'MB' },
      { what: 'resident 10 s later', value: replication.idleMemory.now, unit: 'MB' },
      { what: 'of it without pages of files', value: replication.idleMemory.own, unit: 'MB' },
      { what: 'resident at its highest', value: replication.memory.peak, unit: 'MB' },
      { what: 'messages replicated', value: perSecond, unit: '/s' },
      { what: 'on the wire for each message', value: wireBytes, unit: 'bytes', target: below(300) },
      { what: 'on the disk for each message', value: diskBytes, unit: 'bytes', target: below(600) },
    ];
  },
};
