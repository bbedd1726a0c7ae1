// The simulator as a command: many seeds over all processors, or the table of mesh sizes.
//   npm run sim -- --seeds 10000 [--nodes 5] [--first 1]
//   npm run sim -- --groups --seeds 1000 [--nodes 20] [--first 1]
//   npm run sim -- --table [--sizes 10,100,1000] [--posts 300] [--no-receipts]
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { frameTypes } from '../../src/sync/frames.ts';
import { runGroups } from './groups/run.ts';
import { groupScheduleOf } from './groups/schedule.ts';
import { measureMesh, tableOf, type MeshFigures } from './measure.ts';
import { rememberSignatures } from './remember-signatures.ts';
import { run } from './run.ts';
import { scheduleOf } from './schedule.ts';

interface Task {
  readonly seed: number;
  readonly nodes: number | undefined;
  /** Whether nodes with groups among them, or the engine alone. */
  readonly isOfGroups: boolean;
}

interface Outcome {
  readonly seed: number;
  readonly broken: readonly string[];
  readonly ms: number;
}

/** What broke is told in so many lines; the rest is counted. */
const linesMax = 8;
const largeMin = 60;
const progressMs = 10_000;
/** Below this many seeds a second process is not worth its start. */
const seedsPerProcessMin = 8;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function simulate({ seed, nodes, isOfGroups }: Task): Promise<Outcome> {
  const begin = performance.now();
  // A large mesh spends most of its time on checking the same signatures again.
  if ((nodes ?? 0) > largeMin || isOfGroups) rememberSignatures();
  let broken: string[];
  try {
    broken = isOfGroups
      ? await runGroups(groupScheduleOf(seed, nodes))
      : await run(scheduleOf(seed, nodes));
  } catch (error) {
    broken = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  return { seed, broken, ms: performance.now() - begin };
}

/** A process of its own that simulates what it is sent. */
function serve(): void {
  process.on('message', (task: Task) => {
    void simulate(task).then((outcome) => process.send?.(outcome));
  });
}

/** @returns the number of seeds in which something broke */
async function simulateAll(
  first: number,
  seeds: number,
  { nodes, isOfGroups }: Omit<Task, 'seed'>,
): Promise<number> {
  const begin = performance.now();
  let next = first;
  let done = 0;
  let failed = 0;
  const finish = ({ seed, broken }: Outcome): void => {
    done++;
    if (broken.length === 0) return;
    failed++;
    say(`\nseed ${seed} failed:`);
    for (const line of broken.slice(0, linesMax)) say(`  ${line}`);
    if (broken.length > linesMax) say(`  and ${broken.length - linesMax} more`);
    const kind = isOfGroups ? ' --groups' : '';
    const size = nodes === undefined ? '' : ` --nodes ${nodes}`;
    say(`  replay: npm run sim --${kind} --seeds 1 --first ${seed}${size}`);
  };
  const take = (): Task | undefined =>
    next < first + seeds ? { seed: next++, nodes, isOfGroups } : undefined;
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    say(`${done} of ${seeds} seeds, ${failed} failed, ${seconds} s`);
  }, progressMs);
  const processes = Math.min(availableParallelism(), Math.floor(seeds / seedsPerProcessMin));
  if (processes > 1) {
    await Promise.all(Array.from({ length: processes }, () => work(take, finish)));
  } else {
    for (let task = take(); task !== undefined; task = take()) finish(await simulate(task));
  }
  clearInterval(progress);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  say(`${done} seeds, ${failed} failed, ${seconds} s`);
  return failed;
}

/** Lets one process work until no task is left. */
async function work(
  take: () => Task | undefined,
  finish: (outcome: Outcome) => void,
): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['--serve']);
  try {
    for (let task = take(); task !== undefined; task = take()) finish(await ask(child, task));
  } finally {
    child.disconnect();
  }
}

function ask(child: ChildProcess, task: Task): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => {
      reject(new Error(`the process that simulated seed ${task.seed} ended`));
    };
    child.once('exit', onExit);
    child.once('message', (outcome: Outcome) => {
      child.off('exit', onExit);
      resolve(outcome);
    });
    child.send(task);
  });
}

async function measureAll(
  sizes: readonly number[],
  posts: number,
  without: ReadonlySet<number>,
): Promise<void> {
  rememberSignatures();
  const rows: MeshFigures[] = [];
  for (const nodes of sizes) {
    const begin = performance.now();
    rows.push(await measureMesh({ nodes, seed: 1, posts, postsApart: 200, without }));
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    say(`${nodes} nodes took ${seconds} s`);
  }
  say(tableOf(rows));
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    nodes: { type: 'string' },
    groups: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '10,100,1000' },
    posts: { type: 'string', default: '300' },
    'no-receipts': { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
  },
});
if (values.serve) serve();
else if (values.table) {
  const without = new Set(values['no-receipts'] ? [frameTypes.receipt] : []);
  await measureAll(values.sizes.split(',').map(Number), Number(values.posts), without);
} else {
  const nodes = values.nodes === undefined ? undefined : Number(values.nodes);
  const kind = { nodes, isOfGroups: values.groups };
  const failed = await simulateAll(Number(values.first), Number(values.seeds), kind);
  process.exitCode = failed > 0 ? 1 : 0;
}
