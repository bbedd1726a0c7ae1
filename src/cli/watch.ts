// `status --watch`: asks the daemon again and again, over its restarts. On a terminal one screen that
// is written anew in place; otherwise a line whenever something has changed.
import { isoOfTime } from '../chat/time-text.ts';
import type { PeerView, StatusView } from '../chat/view.ts';
import type { Call } from './call.ts';
import { cellsOf } from './cells.ts';
import type { Client } from './client.ts';
import { isPassing, wordsOf } from './failures.ts';
import { watchAnswerMs } from './limits.ts';
import { LiveRegion } from './live-region.ts';
import {
  clipped,
  columnsOf,
  isScreen,
  lookOf,
  painted,
  shown,
  sizeOf,
  type Colour,
  type Look,
  type Size,
} from './look.ts';
import { buildProgressLine, buildProgressWords, countText, durationText } from './progress-line.ts';

/** Where what was learned is shown. */
interface Display {
  /** Whether it shows the peers as well. */
  readonly wantsPeers: boolean;
  show(status: StatusView, peers: readonly PeerView[]): Promise<void>;
  lost(words: string): Promise<void>;
  end(): Promise<void>;
}

/** Ends by the interrupt alone, or by a failure that another attempt would not change. */
export async function watchStatus(call: Call, client: Client, intervalMs: number): Promise<never> {
  const { ports } = call;
  const display = displayOf(call);
  let reached = false;
  try {
    for (;;) {
      try {
        const status = await ask<StatusView>(call, client, '/status');
        const answer = display.wantsPeers
          ? await ask<{ peers: readonly PeerView[] }>(call, client, '/peers')
          : { peers: [] };
        reached = true;
        await display.show(status, answer.peers);
      } catch (error) {
        if (!reached || !isPassing(error)) throw error;
        await display.lost(wordsOf(error));
      }
      await ports.sleep(intervalMs, ports.interrupt);
    }
  } finally {
    await display.end();
  }
}

async function ask<T>({ ports }: Call, client: Client, path: string): Promise<T> {
  const signal = ports.interrupt;
  return (await client.ask<T>({ path, signal, timeoutMs: watchAnswerMs })).value;
}

function displayOf(call: Call): Display {
  const { stdout, env } = call.ports;
  if (call.flag('json')) return new ChangeLines(call, (status) => JSON.stringify(status));
  if (isScreen(stdout, env)) return new Screen(call);
  return new ChangeLines(
    call,
    (status) => `${isoOfTime(call.ports.clock.now())} ${inWords(status)}`,
  );
}

function inWords({ sync, peers }: StatusView): string {
  const words = buildProgressWords(sync, { unicode: true, colors: false });
  return `${words}; ${peers.connected} of ${peers.known} peers connected`;
}

/** One line whenever anything but the time has changed. */
class ChangeLines implements Display {
  readonly wantsPeers = false;
  readonly #call: Call;
  readonly #build: (status: StatusView) => string;
  #before: string | undefined;
  #isLost = false;

  constructor(call: Call, build: (status: StatusView) => string) {
    this.#call = call;
    this.#build = build;
  }

  async show(status: StatusView): Promise<void> {
    this.#isLost = false;
    const now = this.#call.flag('json')
      ? JSON.stringify({ ...status, uptime_s: 0 })
      : inWords(status);
    if (now === this.#before) return;
    await this.#call.out.line(this.#build(status));
    this.#before = now;
  }

  async lost(words: string): Promise<void> {
    // The first status after it is news, whatever it says.
    this.#before = undefined;
    if (!this.#isLost) await this.#call.note(`${words} (trying again)`);
    this.#isLost = true;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

class Screen implements Display {
  readonly wantsPeers = true;
  readonly #call: Call;
  readonly #look: Look;
  readonly #region = new LiveRegion();

  constructor(call: Call) {
    this.#call = call;
    this.#look = lookOf(call.ports.env);
  }

  show(status: StatusView, peers: readonly PeerView[]): Promise<void> {
    const size = sizeOf(this.#call.ports.stdout);
    return this.#draw(buildScreen(status, peers, size.cells, this.#look), size);
  }

  lost(words: string): Promise<void> {
    const size = sizeOf(this.#call.ports.stdout);
    const text = clipped(`not reachable: ${shown(words, this.#look)}`, size.cells, this.#look);
    return this.#draw([painted(text, 'red', this.#look), 'trying again'], size);
  }

  #draw(lines: readonly string[], size: Size): Promise<void> {
    return this.#call.out.text(this.#region.draw(lines, size));
  }

  end(): Promise<void> {
    // Nobody may be looking any more.
    return this.#call.out.text(this.#region.leave()).catch(() => undefined);
  }
}

/** No line is wider than `cells`. */
export function buildScreen(
  status: StatusView,
  peers: readonly PeerView[],
  cells: number,
  look: Look,
): string[] {
  const { pk, name, uptime_s: uptime, feeds, counters } = status;
  const who = name === null ? pk.slice(0, 8) : `${shown(name, look)} (${pk.slice(0, 8)})`;
  const lines = [
    [who, `room ${shown(status.room, look)}`, `up ${durationText(uptime)}`, status.http].join('  '),
    `${countText(status.messages)} messages in ${countText(feeds)} feeds` +
      `, ${countText(counters.held)} held, ${countText(counters.forks)} forks`,
  ];
  return [
    ...lines.map((line) => clipped(line, cells, look)),
    buildProgressLine(status.sync, cells, look),
    ...peerLines(peers, cells, look),
  ];
}

const colours: Readonly<Record<PeerView['state'], Colour>> = {
  connected: 'green',
  dialing: 'yellow',
  waiting: 'yellow',
  refused: 'red',
};

function peerLines(peers: readonly PeerView[], cells: number, look: Look): string[] {
  if (peers.length === 0) return [clipped('no peers', cells, look)];
  const rows = peers.map((peer) => [
    peer.state,
    clipped(shown(peer.name ?? peer.pk.slice(0, 8), look), 24, look),
    peer.rtt_ms === null ? '-' : `${peer.rtt_ms} ms`,
    countText(peer.behind),
    countText(peer.ahead),
    shown(peer.reason ?? '', look),
  ]);
  const [head = '', ...lines] = columnsOf([
    ['STATE', 'PEER', 'RTT', 'BEHIND', 'AHEAD', ''],
    ...rows,
  ]).map((line) => clipped(line, cells, look));
  return [
    painted(head, 'dim', look),
    ...lines.map((line, i) => {
      const state = peers[i]?.state ?? 'waiting';
      // A line that was cut within its state is left as it is.
      if (cellsOf(line) <= state.length) return line;
      return painted(state, colours[state], look) + line.slice(state.length);
    }),
  ];
}
