// What the commands see of the world: streams, environment, time and the interrupt. Real in main.ts,
// doubles in tests.
import type { Readable, Writable } from 'node:stream';
import type { NodeConfig } from '../config.ts';
import type { Clock, Logger, Random } from '../env.ts';
import type { RunningNode } from '../node.ts';
import type { TerminalStream } from './look.ts';

export interface NetworkAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly internal: boolean;
}

export interface Ports {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly cwd: string;
  readonly pid: number;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & TerminalStream;
  readonly stderr: Writable & TerminalStream;
  readonly clock: Clock;
  readonly random: Random;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly interrupt: AbortSignal;
  networkAddresses(): readonly NetworkAddress[];
  openNode(config: NodeConfig, overrides: { readonly logger: Logger }): Promise<RunningNode>;
}
