// Many readers of one node, one of them frozen, over real sockets and a real store.
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { EventStream, idOf } from '../support/node-events.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

/** Reads the texts `#N ` of a stream, and nothing else of it. */
class Reader {
  readonly socket: Socket;
  readonly seen: number[] = [];
  #rest = '';
  #wanted = Infinity;
  #wake: () => void = () => undefined;

  constructor(node: Daemon) {
    const { hostname, port, host } = new URL(node.http);
    this.socket = connect(Number(port), hostname);
    this.socket.write(`GET /events?events=message HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    this.socket.setEncoding('latin1').on('data', (text: unknown) => {
      this.#take(this.#rest + String(text));
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  static async open(node: Daemon): Promise<Reader> {
    const reader = new Reader(node);
    await once(reader.socket, 'data');
    return reader;
  }

  async until(count: number): Promise<void> {
    this.#wanted = count;
    while (this.seen.length < count) await new Promise<void>((wake) => (this.#wake = wake));
  }

  #take(text: string): void {
    let end = 0;
    for (const match of text.matchAll(/"text":"#(\d+) /g)) {
      this.seen.push(Number(match[1]));
      end = match.index + match[0].length;
    }
    this.#rest = text.slice(Math.max(end, text.length - 20));
    if (this.seen.length >= this.#wanted) this.#wake();
  }
}

const posts = 1000;
const inFlight = 16;

async function postAll(node: Daemon, filler: string): Promise<void> {
  for (let at = 0; at < posts; at += inFlight) {
    const count = Math.min(inFlight, posts - at);
    await Promise.all(Array.from({ length: count }, (_, i) => node.post(`#${at + i} ${filler}`)));
  }
}

test('F05 F06 500 readers all see 1,000 messages once, in one order, while one of them is frozen, which then sees them too', async () => {
  const node = await Daemon.start(workspace, 'crowd');
  const readers = await Promise.all(Array.from({ length: 500 }, () => Reader.open(node)));
  const [frozen, ...others] = readers;
  frozen?.socket.pause();
  await postAll(node, 'x'.repeat(4000));
  await Promise.all(others.map((reader) => reader.until(posts)));
  const order = (await node.arrivals()).map(({ text }) => Number(/^#(\d+)/.exec(text)?.[1]));
  expect(order).toHaveLength(posts);
  for (const { seen } of others) expect(seen).toEqual(order);
  expect(frozen?.seen.length).toBeLessThan(posts);
  frozen?.socket.resume();
  await frozen?.until(posts);
  expect(frozen?.seen).toEqual(order);
});

test('F46 a reader that was away while thousands arrived, over a kill and a stop of the node, gets the rest of each place', async () => {
  const node = await Daemon.start(workspace, 'absence');
  const stream = await EventStream.open(node, '0');
  await postAll(node, 'before');
  const first = await stream.take(posts);
  stream.close();
  await node.kill();
  await node.start();
  await postAll(node, 'between');
  await node.stop();
  await node.start();
  const last = await node.post('after');
  const ids = (await node.arrivals()).map(({ id }) => id);
  for (const at of [0, 1, 499, 998, 999]) {
    const again = await EventStream.open(node, first[at]?.id);
    const rest = ids.slice(at + 1);
    expect((await again.take(rest.length)).map(idOf)).toEqual(rest);
    again.close();
  }
  expect(ids.at(-1)).toBe(last.id);
});
