// Compares skychat-node with what its users would pick instead, in turns, and prints medians and
// ratios. A whole run is kept in results.json and drawn as chart.svg; `--chart` draws it again.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { projectRoot, Workspace } from '../support/workspace.ts';
import { append } from './figures/append.ts';
import { late } from './figures/late.ts';
import { live, relay, sweep } from './figures/live.ts';
import { reconnect } from './figures/reconnect.ts';
import { replicate, replicateMany } from './figures/replicate.ts';
import { drawChart } from './support/chart.ts';
import type { Figure, Row, Sample } from './support/figure.ts';
import { buildParticipants, installPeers, readVersions } from './support/installed.ts';
import { formatReport } from './support/report.ts';
import type { FigureResult, Results, RowResult } from './support/results.ts';
import type { SystemName } from './support/systems.ts';

const figures: readonly Figure[] = [
  ...[append, replicate, replicateMany, live, relay, sweep],
  ...[reconnect, late],
];
const directory = join(projectRoot, 'bench', 'peers');
const resultsPath = join(directory, 'results.json');
const chartPath = join(directory, 'chart.svg');

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true, default: [] },
    systems: { type: 'string' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'string' },
    chart: { type: 'boolean', default: false },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const only = values.only.flatMap((names) => names.split(','));
const systems = values.systems?.split(',');
const unknown = only.filter((name) => !figures.some((figure) => figure.name === name));
if (unknown.length > 0 || !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(
    `usage: npm run bench:peers -- [--rounds N] [--quick] [--only FIGURE,…] [--systems NAME,…] [--profile DIRECTORY] [--chart]`,
  );
  for (const { name, title } of figures) console.error(`  ${name.padEnd(12)} ${title}`);
  process.exit(2);
}

let abandon = (): void => undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    abandon();
    process.exit(130);
  });
}

if (values.chart) {
  writeFileSync(chartPath, drawChart(JSON.parse(readFileSync(resultsPath, 'utf8')) as Results));
} else {
  await compare();
}

async function compare(): Promise<void> {
  installPeers();
  buildParticipants();
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  const chosen = figures.filter(({ name }) => only.length === 0 || only.includes(name));
  const samples = new Map(chosen.map((figure) => [figure, new Map<SystemName, Sample[]>()]));
  for (let round = 0; round < rounds; round++) {
    for (const [figure, taken] of samples) {
      if (round > 0 && figure.once === true) continue;
      console.error(`round ${round + 1} of ${rounds}: ${figure.name}`);
      await takeTurns(figure, taken);
    }
  }
  const results: Results = {
    at: new Date().toISOString(),
    machine: `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, load before ${load}`,
    versions: readVersions(),
    rounds,
    figures: [...samples].map(([figure, taken]) => resultOf(figure, taken)),
  };
  console.log(formatReport(results));
  // A part of a run would leave figures of different times side by side.
  if (only.length > 0 || systems !== undefined || values.quick) return;
  writeFileSync(resultsPath, await formatJson(results));
  writeFileSync(chartPath, drawChart(results));
}

async function formatJson(results: Results): Promise<string> {
  const style = await resolveConfig(resultsPath);
  return format(JSON.stringify(results), { ...style, parser: 'json' });
}

async function takeTurns(figure: Figure, taken: Map<SystemName, Sample[]>): Promise<void> {
  for (const system of figure.systems) {
    if (systems?.includes(system) === false) continue;
    const startedAt = performance.now();
    taken.set(system, [...(taken.get(system) ?? []), await measure(figure, system)]);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.error(`  ${system.padEnd(10)} ${seconds} s`);
  }
}

/** In a workspace of its own: nothing that one system leaves behind disturbs the next. */
async function measure(figure: Figure, system: SystemName): Promise<Sample> {
  const workspace = new Workspace(values.profile);
  abandon = () => {
    workspace.abandon();
  };
  try {
    return await figure.measure({ workspace, isQuick: values.quick }, system);
  } catch (error) {
    // The others are measured all the same.
    console.error(error);
    process.exitCode = 1;
    return Object.fromEntries(figure.rows.map(({ key }) => [key, null]));
  } finally {
    await workspace.close();
  }
}

function resultOf(figure: Figure, taken: ReadonlyMap<SystemName, readonly Sample[]>): FigureResult {
  const { name, title, how, isComparedWithBest } = figure;
  return {
    ...{ name, title, how },
    ...(isComparedWithBest === true && { isComparedWithBest }),
    rows: figure.rows.map((row) => ({ ...row, values: valuesOf(row, taken) })),
  };
}

/** Without the systems that were not asked for this row. */
function valuesOf(
  row: Row,
  taken: ReadonlyMap<SystemName, readonly Sample[]>,
): RowResult['values'] {
  const values = [...taken].map(
    ([system, all]) => [system, all.map((sample) => sample[row.key])] as const,
  );
  return Object.fromEntries(
    values
      .map(([system, of]) => [system, of.filter((value) => value !== undefined)] as const)
      .filter(([, of]) => of.length > 0),
  );
}
