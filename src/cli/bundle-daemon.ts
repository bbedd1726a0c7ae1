// Bundles to and from a daemon: see src/http/routes/bundles.ts.
import type { ClientConfig } from '../config.ts';
import type { Bundles } from './bundle-source.ts';
import type { Call } from './call.ts';
import { UsageError } from './failures.ts';

export function daemonBundles(_call: Call, { data }: ClientConfig): Bundles {
  throw new UsageError(`the node of ${data} runs`, 'Stop it first.');
}
