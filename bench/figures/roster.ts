// The roster of the largest group that is promised: from the store at start, and one operation more.
import { below, type Figure } from '../support/figure.ts';
import { JsonLines } from '../support/lines.ts';
import { median } from '../support/statistics.ts';

const operations = 10_000;
const rounds = 7;

export const roster: Figure = {
  name: 'roster',
  title: '10,000 operations of 20 admins and the founder, 10,001 members',
  how: 'in one process: read by label from a LevelDB store, parsed and folded; then one at a time',
  async run(workspace) {
    const directory = workspace.path('roster');
    const child = workspace.spawnScript(
      'roster-fold',
      ...[directory, String(operations), String(rounds)],
    );
    const { read, fold, next } = (await new JsonLines(child, 'the roster').read()) as {
      read: number[];
      fold: number[];
      next: number[];
    };
    return [
      {
        what: 'read and folded',
        value: median(read.map((ms, i) => ms + (fold[i] ?? 0))),
        unit: 'ms',
        target: below(200),
      },
      { what: 'of which parsing and the fold', value: median(fold), unit: 'ms' },
      { what: 'each operation afterwards', value: median(next), unit: 'ms', target: below(1) },
    ];
  },
};
