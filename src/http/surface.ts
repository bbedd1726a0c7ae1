// What every route shares.
import type { Clock, Logger, Timers } from '../env.ts';
import type { Api } from './api.ts';
import type { Broadcasts } from './broadcast.ts';
import type { Carrying } from './carrying.ts';
import type { Programs } from './programs.ts';
import type { Metrics } from './metrics.ts';
import type { Refusals } from './problems.ts';
import type { SharedReads } from './shared-reads.ts';
import type { Readers } from './readers.ts';
import type { WebFiles } from './web-files.ts';

export interface Surface {
  readonly api: Api;
  readonly carrying: Carrying;
  readonly programs: Programs;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly readers: Readers;
  /** Pages of the newest messages, as JSON. */
  readonly newest: SharedReads<string>;
  readonly broadcasts: Broadcasts;
  readonly refusals: Refusals;
  /** The built page; undefined where there is none. */
  readonly web: WebFiles | undefined;
}
