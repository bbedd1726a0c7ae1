// What the doctor looks at, gathered once: the configuration, the daemon's own word where one runs, and
// the store where none does. Knows nothing of what is wrong with it.
import { existsSync } from 'node:fs';
import type { FeedView, PeerView, StatusView } from '../../chat/view.ts';
import type { NodeConfig } from '../../config.ts';
import { SkychatError } from '../../errors.ts';
import type { StoreGlance } from '../../node/care.ts';
import { addressesOf } from '../addresses.ts';
import type { Call } from '../call.ts';
import { Client } from '../client.ts';
import { Problem } from '../failures.ts';
import { doctorAnswerMs } from '../limits.ts';
import { loadClientConfig, loadConfig } from '../load-settings.ts';
import { quote } from '../quote.ts';
import { findRuntimeFile, type Runtime } from '../runtime-file.ts';

export interface Daemon {
  readonly status: StatusView;
  readonly peers: readonly PeerView[];
  readonly feeds: readonly FeedView[];
  /** Why it is not ready, in words; undefined where it is. */
  readonly notReady: string | undefined;
  /** Its clock less this one's, milliseconds; undefined where it does not say. */
  readonly clockAheadMs: number | undefined;
}

export interface Patient {
  readonly config: NodeConfig;
  /** Wall clock, microseconds. */
  readonly now: number;
  readonly runtime: Runtime | undefined;
  readonly daemon: Daemon | undefined;
  /** Why there is no daemon. */
  readonly absence: Error | undefined;
  /** The store, where no daemon has it. */
  readonly store: StoreGlance | undefined;
  /** Why the store could not be looked at. */
  readonly storeFailure: SkychatError | undefined;
  /** `pk@host:port`, as others can probably dial the node. */
  readonly addresses: readonly string[];
  /** This program with the words, as this very call found the node. */
  readonly command: (words: string) => string;
}

export async function findPatient(call: Call): Promise<Patient> {
  const { config } = loadConfig(call);
  const { daemon, absence } = await askDaemon(call);
  const glance = daemon === undefined && existsSync(config.data) ? await glanceAt(config.data) : {};
  const given = ['data', 'config', 'http', 'http-token-file'] as const;
  const flags = given.flatMap((name) => {
    const value = call.text(name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()));
    return value === undefined ? [] : [`--${name} ${quote(value)}`];
  });
  return {
    ...{ config, now: call.ports.clock.now(), runtime: findRuntimeFile(config.data) },
    ...{ daemon, absence, store: glance.store, storeFailure: glance.failure },
    addresses: daemon === undefined ? [] : addressesFor(call, config, daemon.status),
    command: (words) => ['skychat-node', words, ...flags].join(' '),
  };
}

function addressesFor(
  { ports }: Call,
  { advertise }: NodeConfig,
  { pk, listen }: StatusView,
): readonly string[] {
  return addressesOf(pk, advertise, listen, ports.networkAddresses());
}

async function askDaemon(call: Call): Promise<Pick<Patient, 'daemon' | 'absence'>> {
  const { interrupt: signal, clock } = call.ports;
  const client = new Client(loadClientConfig(call));
  const ask = <T>(path: string) => client.ask<T>({ path, signal, timeoutMs: doctorAnswerMs });
  try {
    const { value: status, date } = await ask<StatusView>('/status');
    const clockAheadMs = date === undefined ? undefined : Date.parse(date) - clock.now() / 1000;
    const { value: peers } = await ask<{ peers: readonly PeerView[] }>('/peers');
    const { value: feeds } = await ask<{ feeds: readonly FeedView[] }>('/feeds');
    const notReady = await ask('/readyz').then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const daemon = { status, peers: peers.peers, feeds: feeds.feeds, notReady, clockAheadMs };
    return { daemon, absence: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SkychatError || error instanceof Problem) {
      return { daemon: undefined, absence: error };
    }
    throw error;
  }
}

async function glanceAt(data: string): Promise<{ store?: StoreGlance; failure?: SkychatError }> {
  // Loads the store, which no other command of a client needs.
  const { glanceAtData } = await import('../../node/care.ts');
  try {
    return { store: await glanceAtData(data) };
  } catch (error) {
    if (error instanceof SkychatError) return { failure: error };
    return { failure: new SkychatError('store-failed', String(error), { cause: error }) };
  }
}
