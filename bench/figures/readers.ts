// Many readers of one event stream, one of them frozen: how long a post takes to reach all of them.
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon } from '../support/daemon.ts';
import { below, type Figure, type Primitive, type Row } from '../support/figure.ts';
import type { Summary } from '../support/histogram.ts';
import { HttpClient } from '../support/http-client.ts';
import { JsonLines } from '../support/lines.ts';
import { prepareKey, randomText } from '../support/prepare.ts';
import { percentile } from '../support/statistics.ts';
import type { Workspace } from '../support/workspace.ts';

const readers = 500;
/** A node that is slower than this is offered less: its bound of posts at once is not what is measured. */
const inFlightMax = 128;

/** Posts that have become due are sent each so often. */
const tickMs = 5;

interface Seen extends Summary {
  /** Of the posts themselves, 99 %: what is not the streams' doing. */
  readonly answeredMs: number;
  /** Events that were not the next one. */
  readonly amiss: number;
}

interface Rate {
  readonly perSecond: number;
  readonly seconds: number;
}

const warmUp: Rate = { perSecond: 200, seconds: 3 };
const promised: Rate = { perSecond: 200, seconds: 10 };
const full: Rate = { perSecond: 1000, seconds: 5 };

export const eventReaders: Figure = {
  name: 'readers',
  title: `${readers} readers of GET /events, and one that never reads`,
  how: 'from just before the POST to the event at each reader; the readers in a process of their own',
  async run(workspace) {
    const { data } = prepareKey(workspace, 'readers');
    const daemon = await Daemon.start(workspace, data, '--no-listen');
    const { host, port } = daemon;
    const frozen = connect(port, host);
    frozen.pause();
    frozen.write(`GET /events HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`);
    const crowd = await Crowd.open(workspace, daemon);
    await crowd.measure(warmUp);
    const [cpuBefore, startedAt] = [daemon.cpuMs(), performance.now()];
    const seen = await crowd.measure(promised);
    const busy = ((daemon.cpuMs() - cpuBefore) / (performance.now() - startedAt)) * 100;
    const many = await crowd.measure(full);
    const memory = daemon.memory().own;
    frozen.destroy();
    crowd.close();
    await daemon.stop();
    const rate = `${promised.perSecond} messages a second`;
    const rows: Row[] = [
      { what: `${rate}: posted to seen, median`, value: seen.median, unit: 'ms' },
      {
        what: `${rate}: posted to seen, 99 %`,
        value: seen.p99,
        unit: 'ms',
        target: below(50),
        primitive: answered(seen),
      },
      { what: `${rate}: the processor that the node takes`, value: busy, unit: '%' },
      {
        what: `${full.perSecond} messages a second: posted to seen, 99 %`,
        value: many.p99,
        unit: 'ms',
        primitive: answered(many),
      },
      { what: 'memory of the node behind it', value: memory, unit: 'MB' },
    ];
    return rows;
  },
};

function answered({ answeredMs }: Seen): Primitive {
  return { what: 'posted to answered, 99 %', value: answeredMs };
}

class Crowd {
  readonly #child: ChildProcess;
  readonly #lines: JsonLines;
  /** One connection, so that the posts arrive in the order of their numbers. */
  readonly #client: HttpClient;
  #number = 0;
  #inFlight = 0;

  private constructor(child: ChildProcess, lines: JsonLines, { host, port }: Daemon) {
    this.#child = child;
    this.#lines = lines;
    this.#client = new HttpClient(host, port);
  }

  static async open(workspace: Workspace, daemon: Daemon): Promise<Crowd> {
    const words = [daemon.host, String(daemon.port), String(readers)];
    const child = workspace.spawnScript('event-readers', ...words);
    const lines = new JsonLines(child, 'the readers');
    await lines.read();
    return new Crowd(child, lines, daemon);
  }

  /** @throws where a reader misses one, or has one twice */
  async measure({ perSecond, seconds }: Rate): Promise<Seen> {
    const count = perSecond * seconds;
    this.#child.stdin?.write(`${count}\n`);
    await this.#lines.read();
    const startedAt = performance.now();
    const answers: Promise<number>[] = [];
    while (answers.length < count) {
      const due = ((performance.now() - startedAt) / 1000) * perSecond;
      while (answers.length < Math.min(due, count) && this.#inFlight < inFlightMax) {
        answers.push(this.#post());
      }
      await sleep(tickMs);
    }
    const answeredMs = percentile(await Promise.all(answers), 99);
    const seen = (await this.#lines.read()) as Omit<Seen, 'answeredMs'>;
    if (seen.amiss > 0 || seen.count !== count * readers) {
      throw new Error(`${seen.amiss} events were not the next one, of ${seen.count}`);
    }
    return { ...seen, answeredMs };
  }

  close(): void {
    this.#client.close();
    this.#child.kill('SIGTERM');
  }

  /** Milliseconds to the answer. */
  async #post(): Promise<number> {
    const number = String(++this.#number).padStart(7, '0');
    const sentAt = performance.now();
    const time = (performance.timeOrigin + sentAt).toFixed(3);
    const text = `#${number} ${time} ${randomText()}`.slice(0, 200);
    const request = this.#client.build('POST', '/messages', JSON.stringify({ text }));
    this.#inFlight++;
    const { status, body } = await this.#client.send(request).finally(() => this.#inFlight--);
    if (status !== 201) throw new Error(`answered ${status}: ${body}`);
    return performance.now() - sentAt;
  }
}
