// Live messages between processes that hold the engine themselves, without HTTP: directly, and
// through a third node.
import type { ChildProcess } from 'node:child_process';
import { below, type Figure, type Row } from '../support/figure.ts';
import { JsonLines } from '../support/lines.ts';
import { percentile } from '../support/statistics.ts';
import { stop, type Workspace } from '../support/workspace.ts';

const perSecond = 50;
const posts = 500;
/** As many messages have passed before: what is measured is not the compiler. */
const warmUpPosts = 10_000;
const warmUpPerSecond = 2_000;

export const embedded: Figure = {
  name: 'embedded',
  title: 'live, A to B, and A to B through C, without HTTP',
  how: `from the call of append in A to the arrival in B, on both disks by then; ${perSecond} posts a second, after ${warmUpPosts} faster ones`,
  async run(workspace) {
    const direct = await measure(workspace, 2);
    const relayed = await measure(workspace, 3);
    return [...rowsOf('A to B', direct, 1.45, 3.5), ...rowsOf('A to B through C', relayed, 3)];
  },
};

async function measure(workspace: Workspace, nodes: number): Promise<number[]> {
  const line: Node[] = [];
  for (let i = 0; i < nodes; i++)
    line.push(await Node.start(workspace, line.at(-1)?.address ?? ''));
  const [first, last] = [line.at(0), line.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a line has two ends');
  await post(first, last, warmUpPosts, warmUpPerSecond);
  const latencies = await post(first, last, posts, perSecond);
  await Promise.all(line.map((node) => node.stop()));
  return latencies;
}

async function post(from: Node, to: Node, count: number, rate: number): Promise<number[]> {
  const taken = to.ask(`take ${count}`);
  const { sent = [] } = await from.ask(`post ${count} ${rate}`);
  const seen = new Map((await taken).seen);
  return sent.map(([id, at]) => (seen.get(id) ?? Number.NaN) - at);
}

function rowsOf(what: string, latencies: readonly number[], p50: number, p99?: number): Row[] {
  const unit = 'ms';
  const last = { what: `${what}, 99 %`, value: percentile(latencies, 99), unit };
  return [
    { what: `${what}, median`, value: percentile(latencies, 50), unit, target: below(p50) },
    p99 === undefined ? last : { ...last, target: below(p99) },
  ];
}

interface Answer {
  readonly sent?: readonly (readonly [string, number])[];
  readonly seen?: readonly (readonly [string, number])[];
}

class Node {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #lines: JsonLines;

  private constructor(child: ChildProcess, lines: JsonLines, address: string) {
    this.#child = child;
    this.#lines = lines;
    this.address = address;
  }

  static async start(workspace: Workspace, peer: string): Promise<Node> {
    const child = workspace.spawnScript('engine-node', workspace.path('engine-node'), peer);
    const lines = new JsonLines(child, 'the engine node');
    const { address } = (await lines.read()) as { address: string };
    return new Node(child, lines, address);
  }

  async ask(command: string): Promise<Answer> {
    this.#child.stdin?.write(`${command}\n`);
    return (await this.#lines.read()) as Answer;
  }

  stop(): Promise<void> {
    return stop(this.#child);
  }
}
