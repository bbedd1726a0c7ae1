// Searching a long history: making the index, what it takes in memory, and searches of all kinds.
import type { SearchPage } from '../../src/chat/view.ts';
import { Daemon } from '../support/daemon.ts';
import { below, type Figure, type Row } from '../support/figure.ts';
import { prepareHistory } from '../support/prepare.ts';
import { percentile } from '../support/statistics.ts';
import { words } from '../support/wordy.ts';
import type { Workspace } from '../support/workspace.ts';

const history = { inSegments: 200_000, single: 0, wordy: true };
const rounds = 40;
const [the = '', of = '', seldom = '', rare = ''] = [0, 1, 3_000, 20_000].map(
  (rank) => words[rank],
);

/** Frequent words are in most of the messages. */
const lines = {
  'the most frequent word': the,
  'two frequent words': `${the} ${of}`,
  'a frequent and a seldom word': `${the} ${seldom}`,
  'a rare word': rare,
  'a word that is nowhere': 'xyzzyxyzzy',
  'a phrase of the two most frequent words': `"${the} ${of}"`,
  'the beginning of words': the.slice(0, 2),
  'one letter': the.slice(0, 1),
  'without the most frequent word': `${seldom} -${the}`,
  'who and when': `from:me after:2d ${of}`,
};

export const search: Figure = {
  name: 'search',
  title: 'search in 200,000 messages of 200 characters',
  how: `GET /messages?q= for the newest 50, ${rounds} rounds of ${Object.keys(lines).length} searches, once the index is there`,
  async run(workspace) {
    const data = await prepareHistory(workspace, history);
    const daemon = await Daemon.start(workspace, data);
    // What else is read once, at the first page.
    await daemon.http.json('GET', '/messages?limit=1');
    const before = daemon.memory().own;
    const startedAt = performance.now();
    const first = (await daemon.http.json('GET', pathOf(rare, 'wait=60'))) as SearchPage;
    const indexMs = performance.now() - startedAt;
    if (!first.complete) throw new Error('the index is not whole');
    const memory = daemon.memory().own - before;
    const rows = await measure(workspace, daemon);
    await daemon.stop();
    return [
      { what: 'first search, with the index', value: indexMs, unit: 'ms' },
      { what: 'memory of the process, more than before', value: memory, unit: 'MB' },
      ...rows,
    ];
  },
};

async function measure(workspace: Workspace, daemon: Daemon): Promise<Row[]> {
  const all: number[] = [];
  for (const [kind, line] of Object.entries(lines)) {
    const times: number[] = [];
    const request = daemon.http.build('GET', pathOf(line));
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      const { status } = await daemon.http.send(request);
      if (status !== 200) throw new Error(`answered ${status}`);
      times.push(performance.now() - startedAt);
    }
    workspace.note(`${kind}: median ${percentile(times, 50).toFixed(1)} ms`);
    all.push(...times);
  }
  return [
    { what: 'search, median', value: percentile(all, 50), unit: 'ms', target: below(50) },
    { what: 'search, 99 %', value: percentile(all, 99), unit: 'ms', target: below(50) },
  ];
}

function pathOf(line: string, more = 'limit=50'): string {
  return `/messages?q=${encodeURIComponent(line)}&${more}`;
}
