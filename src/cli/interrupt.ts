// SIGINT and SIGTERM: the first asks for an end, the second is obeyed at once.
import { exitCodes } from './failures.ts';

export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** Aborts at the first signal, calls `exit` at every later one. */
export function listenForInterrupt(
  source: SignalSource,
  exit: (code: number) => void,
): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    source.on(signal, () => {
      if (interrupt.signal.aborted) exit(exitCodes.interrupted);
      interrupt.abort(new Error(signal));
    });
  }
  return interrupt.signal;
}
