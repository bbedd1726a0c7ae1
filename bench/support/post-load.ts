// Texts that are posted over several connections at once, each the next as soon as the one before it
// is answered 201. Knows nothing of what is promised.
import { HttpClient } from './http-client.ts';
import { randomText } from './prepare.ts';

export interface Load {
  readonly perSecond: number;
  readonly latencies: readonly number[];
}

export interface PostLoad {
  readonly port: number;
  readonly connections: number;
  /** The group that is posted to; the room where not given. */
  readonly group?: string | undefined;
  /** How long, or how many, whichever is first. */
  readonly ms?: number;
  readonly count?: number;
}

export async function postLoad(options: PostLoad): Promise<Load> {
  const { port, connections, group, ms = Infinity, count = Infinity } = options;
  const clients = Array.from({ length: connections }, () => new HttpClient('127.0.0.1', port));
  const bodies = Array.from({ length: 256 }, () => JSON.stringify({ text: randomText(), group }));
  const latencies: number[] = [];
  const startedAt = performance.now();
  let left = count;
  await Promise.all(
    clients.map(async (client) => {
      const requests = bodies.map((body) => client.build('POST', '/messages', body));
      for (let i = 0; performance.now() < startedAt + ms && left-- > 0; i++) {
        const sentAt = performance.now();
        const { status, body } = await client.send(requests[i % requests.length] ?? '');
        if (status !== 201) throw new Error(`answered ${status}: ${body}`);
        latencies.push(performance.now() - sentAt);
      }
      client.close();
    }),
  );
  return { perSecond: latencies.length / ((performance.now() - startedAt) / 1000), latencies };
}
