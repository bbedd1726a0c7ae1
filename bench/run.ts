// Runs the figures, all or those that are named, and prints one table. `--json FILE` also writes
// every row, `--profile` takes CPU profiles of the nodes and prints where their time went, `--list`
// says what there is.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busy } from './figures/busy.ts';
import { embedded } from './figures/embedded.ts';
import { encrypted } from './figures/encrypted.ts';
import { http } from './figures/http.ts';
import { live } from './figures/live.ts';
import { memory } from './figures/memory.ts';
import { page } from './figures/page.ts';
import { posts } from './figures/posts.ts';
import { eventReaders } from './figures/readers.ts';
import { reads } from './figures/reads.ts';
import { reconnect } from './figures/reconnect.ts';
import { relay } from './figures/relay.ts';
import { replicate } from './figures/replicate.ts';
import { sealing } from './figures/sealing.ts';
import { roster } from './figures/roster.ts';
import { search } from './figures/search.ts';
import { start } from './figures/start.ts';
import { unread } from './figures/unread.ts';
import { isMet, type Figure } from './support/figure.ts';
import { formatProfiles } from './support/profile.ts';
import { formatTable, type Measured } from './support/table.ts';
import { projectRoot, Workspace } from './support/workspace.ts';

const figures: readonly Figure[] = [
  posts,
  http,
  reads,
  live,
  embedded,
  relay,
  reconnect,
  start,
  sealing,
  encrypted,
  replicate,
  busy,
  memory,
  roster,
  search,
  unread,
  eventReaders,
  page,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    profile: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const unknown = positionals.filter((name) => !figures.some((figure) => figure.name === name));
if (values.list || unknown.length > 0) {
  if (unknown.length > 0) console.error(`unknown: ${unknown.join(', ')}`);
  for (const { name, title, how } of figures)
    console.log(`${name.padEnd(10)} ${title}\n           ${how}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const profiles = values.profile ? join(projectRoot, '.bench', 'profiles') : undefined;
const workspace = new Workspace(profiles);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    workspace.abandon();
    process.exit(130);
  });
}

// Figures of a machine that does other work as well say little but for their ratios.
const load = loadavg()[0]?.toFixed(1);
const measured: Measured[] = [];
try {
  for (const figure of figures) {
    if (positionals.length > 0 && !positionals.includes(figure.name)) continue;
    console.error(`${figure.name}: ${figure.title}`);
    const startedAt = performance.now();
    try {
      measured.push({ figure: figure.name, rows: await figure.run(workspace) });
    } catch (error) {
      // The others are measured all the same.
      console.error(error);
      process.exitCode = 1;
    }
    workspace.note(`${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
} finally {
  await workspace.close();
}
if (profiles !== undefined) console.log(formatProfiles(profiles));
const machine = `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, load before ${load ?? '?'}`;
console.log(`${machine}\n\n${formatTable(measured)}`);
if (values.json !== undefined) {
  const rows = measured.flatMap(({ figure, rows }) =>
    rows.map((row) => ({ figure, ...row, met: isMet(row) ?? null })),
  );
  writeFileSync(values.json, `${JSON.stringify({ machine, at: new Date(), rows }, null, 2)}\n`);
}
