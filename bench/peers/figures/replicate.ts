// History into an empty node.
import { replications } from '../../support/replication.ts';
import { diskBytes, type Workspace } from '../../support/workspace.ts';
import type { Figure, Row, Sample } from '../support/figure.ts';
import { openAuthor, openReceiver } from '../support/pair.ts';
import type { Shape } from '../support/prepared.ts';
import { peers, type Peer } from '../support/systems.ts';
import { asPeer, patienceMs } from './shared.ts';

const single: Shape = { feeds: 1, each: 20_000 };
const many: Shape = { feeds: 1000, each: 20 };

const how =
  'from the connect to the last message on disk or visible in the receiver; each message appended alone';

const wire: Row = {
  ...{ key: 'wireBytes', what: 'on the wire for each message', unit: 'bytes', better: 'lower' },
  target: { kind: 'ratio at most', value: 0.9 },
  chart: 'Bytes on the wire, each message',
};
const disk: Row = {
  ...{ key: 'diskBytes', what: 'on the disk for each message', unit: 'bytes', better: 'lower' },
  target: { kind: 'ratio at most', value: 0.5 },
  chart: 'Bytes on the disk, each message',
};

export const replicate: Figure = {
  name: 'replicate',
  title: 'an empty node replicates 20,000 messages of one feed',
  how: `${how}; the daemon from POST /peers to all counted by /feeds`,
  systems: ['skychat', 'hypercore', 'ssb', 'daemon'],
  rows: [
    {
      ...{ key: 'perSecond', what: 'messages', unit: '/s', better: 'higher' },
      target: { kind: 'ratio at least', value: 8 },
      chart: 'Replicate 20,000 messages, messages/s',
    },
    {
      ...{ key: 'cpuMs', what: "receiver's processor time", unit: 'ms', better: 'lower' },
      target: { kind: 'ratio at most', value: 0.2 },
      chart: "Receiver's processor time for 20,000, ms",
    },
    wire,
    disk,
    { key: 'residentMb', what: "receiver's memory at the end", unit: 'MB', better: 'lower' },
  ],
  measure: ({ workspace }, system) =>
    system === 'daemon' ? throughDaemon(workspace) : receive(workspace, system, single),
};

export const replicateMany: Figure = {
  name: 'many-feeds',
  title: 'an empty node replicates 1,000 feeds of 20 messages',
  how,
  systems: peers,
  rows: [
    {
      ...{ key: 'perSecond', what: 'messages', unit: '/s', better: 'higher' },
      target: { kind: 'ratio at least', value: 3 },
      chart: 'Replicate 1,000 feeds × 20, messages/s',
    },
    {
      ...{ key: 'residentMb', what: "receiver's memory at the end", unit: 'MB', better: 'lower' },
      target: { kind: 'at most', value: 120 },
      chart: 'Memory after 1,000 feeds × 20, MB',
    },
    { key: 'cpuMs', what: "receiver's processor time", unit: 'ms', better: 'lower' },
    { ...wire, chart: undefined, target: undefined },
  ],
  measure: ({ workspace }, system) => receive(workspace, asPeer(system), many),
};

const measured = ['perSecond', 'cpuMs', 'residentMb', 'wireBytes', 'diskBytes'];

async function receive(workspace: Workspace, system: Peer, shape: Shape): Promise<Sample> {
  const author = await openAuthor(workspace, system, shape);
  const receiver = await openReceiver(workspace, system, author.feeds);
  const count = shape.feeds * shape.each;
  const result = await receiver.process.ask('receive', { ...author.at, count, patienceMs });
  await receiver.process.close();
  await author.process.close();
  const { ms, cpuMs, residentMb, wireBytes } = result;
  if (ms === undefined) return Object.fromEntries(measured.map((key) => [key, null]));
  return {
    ...{ perSecond: count / (ms / 1000), cpuMs, residentMb },
    wireBytes: wireBytes / count,
    diskBytes: diskBytes(receiver.directory) / count,
  };
}

async function throughDaemon(workspace: Workspace): Promise<Sample> {
  const history = { inSegments: 0, single: single.each };
  for await (const one of replications(workspace, history, 1)) {
    const { perSecond, cpuMs, memory } = one;
    const { wireBytes, diskBytes } = one;
    return { perSecond, cpuMs, wireBytes, diskBytes, residentMb: memory.now };
  }
  throw new Error('nothing was replicated');
}
