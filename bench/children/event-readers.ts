// Many readers of one node's event stream, in one process that looks at no more of each event than it
// must. Arguments: host, port, readers. Prints {open} once all are open; for each line on stdin that
// is a number, prints what came once every reader has had so many: the latencies and what was amiss.
import '../support/end-with-parent.ts';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Histogram } from '../support/histogram.ts';

const [host = '', port = '', count = ''] = process.argv.slice(2);

/** `"text":"#0000001 1763855000000.123 …`: number and time of the post have a fixed width. */
const mark = '"text":"#';
const numberAt = mark.length;
const timeAt = numberAt + 8;
const markBytes = timeAt + 17;
const newline = 10;

let latencies = new Histogram();
let wanted = 0;
let behind = 0;
let amiss = 0;

class Reader {
  #rest: Buffer | undefined;
  #seen = 0;
  #base = 0;

  take(chunk: Buffer): void {
    const now = performance.timeOrigin + performance.now();
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = bytes.indexOf(mark);
    let end = 0;
    while (at !== -1 && at + markBytes <= bytes.length) {
      const number = Number(bytes.toString('latin1', at + numberAt, at + timeAt - 1));
      if (this.#base === 0) this.#base = number;
      if (number !== this.#base + this.#seen) amiss++;
      this.#seen++;
      latencies.add(now - Number(bytes.toString('latin1', at + timeAt, at + markBytes)));
      if (this.#seen === wanted) report();
      end = at + markBytes;
      at = bytes.indexOf(mark, end);
    }
    // A mark has no line's end in it, so none is broken off behind one.
    const isWhole = bytes[bytes.length - 1] === newline;
    this.#rest = isWhole ? undefined : bytes.subarray(Math.max(end, bytes.length - markBytes));
  }
}

function report(): void {
  if (--behind > 0) return;
  console.log(JSON.stringify({ ...latencies.summary(), amiss }));
  latencies = new Histogram();
}

async function open(): Promise<Socket> {
  const socket = connect(Number(port), host);
  socket.write(`GET /events HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`);
  const reader = new Reader();
  const first = once(socket, 'data');
  socket.on('data', (bytes: Buffer) => {
    reader.take(bytes);
  });
  await first;
  return socket;
}

const sockets: Socket[] = [];
for (let i = 0; i < Number(count); i++) sockets.push(await open());
createInterface({ input: process.stdin }).on('line', (line) => {
  wanted += Number(line);
  behind = sockets.length;
  console.log(JSON.stringify({ wanted }));
});
console.log(JSON.stringify({ open: sockets.length }));
