// A node as a process of its own, as its users run it: started, asked over HTTP, measured from
// /proc, stopped. Knows nothing of what is measured.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedView, PeerView, StatusView } from '../../src/chat/view.ts';
import { HttpClient } from './http-client.ts';
import { JsonLines } from './lines.ts';
import { stop, type Workspace } from './workspace.ts';

interface Listening {
  readonly pk: string;
  readonly listen: string;
  readonly http: string;
}

/** Resident memory, MB. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
  /**
   * Of `now`, without pages of files: the program, and the store's tables, which LevelDB maps into
   * memory and the kernel takes back when it needs room.
   */
  readonly own: number;
}

const pollMs = 10;
const patienceMs = 120_000;

export class Daemon {
  readonly pk: string;
  /** `host:port`. */
  readonly listen: string;
  readonly host: string;
  readonly port: number;
  /** From the start of the process to the line that says where it listens, milliseconds. */
  readonly startMs: number;
  readonly http: HttpClient;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, listening: Listening, startMs: number) {
    const { hostname, port } = new URL(listening.http);
    this.#child = child;
    this.pk = listening.pk;
    this.listen = listening.listen;
    this.host = hostname;
    this.port = Number(port);
    this.startMs = startMs;
    this.http = new HttpClient(this.host, this.port);
  }

  static async start(
    workspace: Workspace,
    data: string,
    ...flags: readonly string[]
  ): Promise<Daemon> {
    const startedAt = performance.now();
    const ports = ['--http', '127.0.0.1:0', '--listen', '127.0.0.1:0'];
    const child = workspace.spawn(
      ['dist/cli.js', 'run', '--json', '--log-level', 'error', '--data', data, ...ports, ...flags],
      { profile: true },
    );
    const listening = (await new JsonLines(child, 'the node').read()) as Listening;
    return new Daemon(child, listening, performance.now() - startedAt);
  }

  get address(): string {
    return `${this.pk}@${this.listen}`;
  }

  async status(): Promise<StatusView> {
    return (await this.http.json('GET', '/status')) as StatusView;
  }

  async peers(): Promise<readonly PeerView[]> {
    const { peers } = (await this.http.json('GET', '/peers')) as { peers: readonly PeerView[] };
    return peers;
  }

  /** Bytes of all links, both directions. */
  async wireBytes(): Promise<number> {
    let bytes = 0;
    for (const peer of await this.peers()) bytes += peer.bytes_in + peer.bytes_out;
    return bytes;
  }

  async addPeer(address: string): Promise<void> {
    await this.http.json('POST', '/peers', JSON.stringify({ address }));
  }

  /** Resolves once the node counts this many messages. */
  async untilMessages(count: number): Promise<void> {
    // In memory and short, where /status also looks at every file of the store.
    await this.#until(async () => (await this.#objects()) >= count);
    await this.#until(async () => (await this.status()).messages >= count);
  }

  /** Resolves once it has this many objects of an author's feed on its disk. */
  async untilFeed(author: string, count: number): Promise<void> {
    await this.#until(async () => {
      const { feeds } = (await this.http.json('GET', '/feeds')) as { feeds: readonly FeedView[] };
      return feeds.some((feed) => feed.author === author && feed.count >= count);
    });
  }

  /** Resolves once it has this many links and lacks nothing that a peer is known to have. */
  async untilInSync(links: number): Promise<void> {
    await this.#until(async () => {
      const { behind, peers } = await this.status();
      const ahead = (await this.peers()).some((peer) => peer.ahead > 0);
      return behind === 0 && peers.connected >= links && !ahead;
    });
  }

  /** CPU time so far, milliseconds; the kernel counts it in steps of 10. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#pid}/stat`, 'utf8');
    // The fields behind the name, which may hold anything: utime and stime are the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  memory(): Memory {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    const megabytes = (name: string): number => {
      const [, kibibytes = 'NaN'] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
      return (Number(kibibytes) * 1024) / 1e6;
    };
    return { now: megabytes('VmRSS'), peak: megabytes('VmHWM'), own: megabytes('RssAnon') };
  }

  async stop(): Promise<void> {
    this.http.close();
    await stop(this.#child);
  }

  /** Messages, and the few objects by which nodes tell of themselves. */
  async #objects(): Promise<number> {
    const { feeds } = (await this.http.json('GET', '/feeds')) as { feeds: readonly FeedView[] };
    return feeds.reduce((sum, { count }) => sum + count, 0);
  }

  get #pid(): number {
    if (this.#child.pid === undefined) throw new Error('the node has not started');
    return this.#child.pid;
  }

  async #until(isDone: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await isDone())) {
      if (performance.now() > deadline) {
        throw new Error(`waited in vain: ${JSON.stringify(await this.status())}`);
      }
      await sleep(pollMs);
    }
  }
}
