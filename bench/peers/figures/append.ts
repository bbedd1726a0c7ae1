// Messages that a node writes itself, without any link.
import type { Figure } from '../support/figure.ts';
import { ParticipantProcess } from '../support/process.ts';
import { peers } from '../support/systems.ts';
import { asPeer } from './shared.ts';

const group = 64;

export const append: Figure = {
  name: 'append',
  title: 'append',
  how: 'skychat-node has each on disk, synced, when its append is done; the others hand it to the kernel later',
  systems: peers,
  rows: [
    { key: 'single', what: 'one at a time', unit: '/s', better: 'higher' },
    { key: 'grouped', what: '64 at a time', unit: '/s', better: 'higher' },
  ],
  async measure({ workspace, isQuick }, system) {
    const process = new ParticipantProcess(workspace, asPeer(system), workspace.path('append'));
    const count = isQuick ? 1000 : 4000;
    // The first ones warm the compiler up.
    await process.ask('append', { count: 640, group });
    const single = await process.ask('append', { count, group: 1 });
    const grouped = await process.ask('append', { count: group * (count / 100), group });
    await process.close();
    return { single, grouped };
  },
};
