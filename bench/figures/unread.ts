// How many messages are unread in each of many groups, counted over a store.
import { join } from 'node:path';
import { PlainContents } from '../../test/support/plain-contents.ts';
import { systemRandom } from '../../src/env.ts';
import { built } from '../support/built.ts';
import { below, type Figure } from '../support/figure.ts';
import { prepareGroups, readKey } from '../support/prepare.ts';
import { median } from '../support/statistics.ts';

const groups = 500;
const each = 200;
const rounds = 20;

export const unread: Figure = {
  name: 'unread',
  title: `unread messages of ${groups} groups, ${each} in each`,
  how: 'in one process over LevelDB: counted back from the last arrival, then asked again',
  async run(workspace) {
    const { openLevelStore } = await built('cxo/level-store');
    const { Archive } = await built('cxo/archive');
    const { Unread } = await built('chat/reading/unread');
    const data = await prepareGroups(workspace, groups, each);
    const store = await openLevelStore(join(data, 'store'), {
      random: systemRandom,
      onDamage: ({ what }) => {
        throw new Error(`damaged: ${what}`);
      },
    });
    const self = readKey(data);
    const contents = new PlainContents();
    const all = new Set(store.feeds().map(({ feed }) => feed.group));
    const counter = new Unread({
      ...{ self, archive: new Archive(store), groups: all },
      markerOf: () => 0,
      since: () => 0,
      latest: () => store.latestArrival(),
      ready: () => Promise.resolve(),
      read: (entry) => (contents.of(entry).type === 'text' ? { mentions: [] } : undefined),
    });
    const ask = async (): Promise<number> => {
      const startedAt = performance.now();
      const counts = await Promise.all([...all].map((group) => counter.counts(group)));
      const ms = performance.now() - startedAt;
      const sum = counts.reduce((total, { unread: count }) => total + count, 0);
      if (sum !== groups * each) throw new Error(`${sum} are unread`);
      return ms;
    };
    const first = await ask();
    const later: number[] = [];
    for (let round = 0; round < rounds; round++) later.push(await ask());
    await store.close();
    return [
      {
        what: 'counted for the first time, of a store that was just opened',
        value: first,
        unit: 'ms',
      },
      { what: 'asked again', value: median(later), unit: 'ms', target: below(10) },
    ];
  },
};
