// Where the verification of history is done best: on the main thread, with the signatures on node's
// thread pool, or whole segments on worker threads. The same segments each way, in turns; prints a
// table. A worker gives back what the main thread would have to know: the ids, in one buffer, from
// which the run is put together again.
import { createPublicKey, verify } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { concat } from '../../src/bytes.ts';
import type { MessageId, ObjectId, RootId } from '../../src/cxo/ids.ts';
import type { FeedId } from '../../src/cxo/root.ts';
import type { Run, RunEntry, RunObject } from '../../src/cxo/segment.ts';
import { publicKeyBytes } from '../../src/identity.ts';
import { FeedBuilder, testGroup, testIdentity, textObject } from '../../test/support/feeds.ts';
import { built } from '../support/built.ts';
import { randomText } from '../support/prepare.ts';
import { median } from '../support/statistics.ts';

const { parseSegment, rebuildRun, verifySegment } = await built('cxo/segment');
const { RootEncoder } = await built('cxo/root');
const { domainPrefix } = await built('cxo/ids');

/** About 64 KiB, as history comes; with one signature, and as many where each has its own. */
const rootsOfSegment = 250;
const segments = 160;
const rounds = 7;
/** Segments under way at a time: a window of credit. */
const inFlight = 16;
const idBytes = 32;
const workerFile = new URL('../children/verify-worker.js', import.meta.url);

interface Job {
  readonly number: number;
  readonly feed: FeedId;
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** `ids`: of each root, then of each of its objects the message's and the object's. */
interface Verdict {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly ids: Uint8Array;
  readonly kinds: readonly (string | undefined)[];
}

type Method = (jobs: readonly Job[]) => Promise<void>;

await measureAll();

/** The run of a segment that a worker has verified. */
function restoreRun({ feed, from }: Job, { bytes, ids, kinds }: Verdict): Run {
  const segment = parseSegment(bytes);
  if (segment === undefined) throw new Error('the segment is good');
  const { prev, countBefore } = segment.header;
  let at = 0;
  const nextId = (): Uint8Array => ids.subarray(at, (at += idBytes));
  let count = countBefore;
  let objectNumber = 0;
  const entries = segment.entries.map(({ time, slots, offset }, i): RunEntry => {
    const root = nextId() as RootId;
    const objects = slots.map(({ object }): RunObject => {
      const message = nextId() as MessageId;
      return { message, id: nextId() as ObjectId, bytes: object, kind: kinds[objectNumber++] };
    });
    count += objects.length;
    return { seq: from + i, time, root, objects, offset };
  });
  const last = entries.at(-1);
  if (last === undefined) throw new Error('a segment has roots');
  const head = { seq: last.seq, root: last.root, count, time: last.time };
  return { feed, from, prev, countBefore, entries, head, bytes, signature: segment.signature };
}

async function onMainThread(jobs: readonly Job[]): Promise<void> {
  for (const { feed, from, bytes } of jobs) {
    if (!verifySegment(feed, from, bytes).ok) throw new Error('the segment is good');
    await turn();
  }
}

async function signaturesOnPool(jobs: readonly Job[]): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  const x = Buffer.from(publicKeyBytes(first.feed.author)).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const prefix = domainPrefix('root');
  const pending: Promise<void>[] = [];
  for (const { feed, from, bytes } of jobs) {
    const rebuilt = rebuildRun(feed, from, bytes, true);
    if (!rebuilt.ok) throw new Error('the segment is good');
    const { entries, head, signature, prev } = rebuilt.run;
    const ids = entries.at(-1)?.objects.map(({ id }) => id) ?? [];
    const before = entries.at(-2)?.root ?? prev;
    const root = new RootEncoder(feed).encode(head.seq, before, head.time, head.count, ids);
    pending.push(
      new Promise((resolve, reject) => {
        verify(null, concat(prefix, root), key, signature ?? root, (error, isGood) => {
          if (isGood) resolve();
          else reject(error ?? new Error('the signature is good'));
        });
      }),
    );
    if (pending.length >= inFlight) await pending.shift();
    await turn();
  }
  await Promise.all(pending);
}

function onWorkers(workers: readonly Worker[]): Method {
  return (jobs) =>
    new Promise((resolve) => {
      let [sent, done] = [0, 0];
      const send = (worker: Worker): void => {
        const job = jobs[sent++];
        if (job === undefined) return;
        // A segment is a view into what was decrypted: only a copy can be handed over.
        const bytes = job.bytes.slice();
        worker.postMessage({ ...job, bytes }, [bytes.buffer]);
      };
      for (const worker of workers) {
        worker.removeAllListeners('message');
        worker.on('message', (verdict: Verdict) => {
          const job = jobs[verdict.number];
          if (job !== undefined) restoreRun(job, verdict);
          send(worker);
          if (++done === jobs.length) resolve();
        });
        for (let i = 0; i < inFlight / workers.length; i++) send(worker);
      }
    });
}

function buildJobs(): Job[] {
  const builder = new FeedBuilder(testIdentity(1), testGroup('lobby'));
  let time = 1_800_000_000_000_000;
  return Array.from({ length: segments }, (_, number) => {
    const from = builder.head.seq + 1;
    const roots = Array.from({ length: rootsOfSegment }, () => ({
      time: (time += 1000),
      slots: [{ object: textObject(randomText()) }],
    }));
    return { number, feed: builder.feed, from, bytes: builder.segment(roots).bytes };
  });
}

async function measureAll(): Promise<void> {
  const workers = [1, 2].map(() => new Worker(workerFile));
  const methods: readonly (readonly [string, Method])[] = [
    ['main thread', onMainThread],
    ['signatures on the pool', signaturesOnPool],
    ['one worker', onWorkers(workers.slice(0, 1))],
    ['two workers', onWorkers(workers)],
  ];
  const jobs = buildJobs();
  const messages = segments * rootsOfSegment;
  const results = methods.map((): Result => ({ rate: [], main: [], cpu: [] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, [, method]] of methods.entries()) {
      const cpu = process.cpuUsage();
      const loop = performance.eventLoopUtilization();
      const startedAt = performance.now();
      await method(jobs);
      const ms = performance.now() - startedAt;
      const { active } = performance.eventLoopUtilization(loop);
      const { user, system } = process.cpuUsage(cpu);
      // The first round warms the compilers up.
      if (round === 0) continue;
      results[i]?.rate.push(messages / (ms / 1000));
      results[i]?.main.push((active * 1000) / messages);
      results[i]?.cpu.push((user + system) / messages);
    }
  }
  console.log('verified            messages/s   main thread µs each   CPU µs each');
  for (const [i, [name]] of methods.entries()) {
    const { rate = [], main = [], cpu = [] } = results[i] ?? {};
    const cells = [median(rate).toFixed(0), median(main).toFixed(2), median(cpu).toFixed(2)];
    console.log(name.padEnd(24), ...cells.map((cell) => cell.padStart(12)));
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
}

interface Result {
  readonly rate: number[];
  readonly main: number[];
  readonly cpu: number[];
}
