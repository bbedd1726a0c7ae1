// Messages from one node to another along a line of nodes, at a steady rate, and the same through
// the bare primitive, in turns. Times are taken in this one process: from just before a post is sent
// to when the far node's event stream shows it.
import type { ChildProcess } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon } from './daemon.ts';
import { EventStream } from './event-stream.ts';
import { JsonLines } from './lines.ts';
import { prepareKey, randomText } from './prepare.ts';
import { diskBytes, stop, type Workspace } from './workspace.ts';

const perSecond = 50;
const roundPosts = 125;
const rounds = 4;

export interface LiveResult {
  /** Milliseconds, one for each post. */
  readonly ours: readonly number[];
  readonly bare: readonly number[];
  /** Both directions of the last link, each a message. */
  readonly wireBytes: number;
  /** Of the last node, each a message. */
  readonly diskBytes: number;
}

/** @param nodes length of the line */
export async function measureLive(workspace: Workspace, nodes: number): Promise<LiveResult> {
  const line = await startLine(workspace, nodes);
  const [first, last] = [line.at(0), line.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a line has two ends');
  const bare = await BareLine.start(workspace, nodes);
  const stream = await EventStream.open(last.daemon.host, last.daemon.port);
  let number = 0;
  const postOurs = async (): Promise<number> => {
    number++;
    const text = `#${number} ${randomText()}`.slice(0, 200);
    const request = first.daemon.http.build('POST', '/messages', JSON.stringify({ text }));
    const seen = stream.seen(number);
    const sentAt = performance.now();
    const answered = first.daemon.http.send(request);
    const latency = (await seen) - sentAt;
    const { status, body } = await answered;
    if (status !== 201) throw new Error(`answered ${status}: ${body}`);
    return latency;
  };
  // The first posts warm the compilers up.
  await post(postOurs);
  await post(() => bare.post());
  const wireBefore = await last.daemon.wireBytes();
  const diskBefore = diskBytes(last.data);
  const ours: number[] = [];
  const primitive: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(...(await post(postOurs)));
    primitive.push(...(await post(() => bare.post())));
  }
  const wireBytes = ((await last.daemon.wireBytes()) - wireBefore) / ours.length;
  const disk = (diskBytes(last.data) - diskBefore) / ours.length;
  stream.close();
  await Promise.all([bare.close(), ...line.map(({ daemon }) => daemon.stop())]);
  return { ours, bare: primitive, wireBytes, diskBytes: disk };
}

/** Sends at the steady rate, whether or not the one before has arrived. */
async function post(one: () => Promise<number>): Promise<number[]> {
  const startedAt = performance.now();
  const latencies: Promise<number>[] = [];
  for (let i = 0; i < roundPosts; i++) {
    const due = startedAt + (i * 1000) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    latencies.push(one());
  }
  return Promise.all(latencies);
}

export interface Place {
  readonly data: string;
  readonly daemon: Daemon;
}

/** Each node knows its neighbours only; every one accepts the posts of the first. */
export async function startLine(workspace: Workspace, nodes: number): Promise<Place[]> {
  const keys = Array.from({ length: nodes }, (_, i) => prepareKey(workspace, `live-${i}`));
  const line: Place[] = [];
  for (const [i, { data }] of keys.entries()) {
    const before = line.at(-1)?.daemon.address;
    const next = keys[i + 1]?.pk;
    const flags = [
      ...(before === undefined ? [] : ['--peers', before]),
      ...(next === undefined ? [] : ['--allow', next]),
    ];
    line.push({
      data,
      daemon: await Daemon.start(workspace, data, ...flags, '--advertise', 'none'),
    });
  }
  const [first] = line;
  const last = line.at(-1);
  await first?.daemon.http.json('POST', '/messages', JSON.stringify({ text: 'the first' }));
  await last?.daemon.untilMessages(1);
  return line;
}

class BareLine {
  readonly #children: readonly ChildProcess[];
  readonly #socket: Socket;
  readonly #waiting: ((seenAt: number) => void)[] = [];

  private constructor(children: readonly ChildProcess[], port: number) {
    this.#children = children;
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay();
    createInterface({ input: this.#socket }).on('line', () => {
      this.#waiting.shift()?.(performance.now());
    });
  }

  static async start(workspace: Workspace, nodes: number): Promise<BareLine> {
    const children: ChildProcess[] = [];
    let port = 0;
    for (let i = 0; i < nodes; i++) {
      const child = workspace.spawnScript('bare-relay', workspace.path('relay'), String(port));
      children.push(child);
      ({ port } = (await new JsonLines(child, 'the bare relay').read()) as { port: number });
    }
    return new BareLine(children, port);
  }

  async post(): Promise<number> {
    const sentAt = performance.now();
    this.#socket.write(`${randomText()}\n`);
    const seenAt = await new Promise<number>((resolve) => this.#waiting.push(resolve));
    return seenAt - sentAt;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await Promise.all(this.#children.map((child) => stop(child)));
  }
}
