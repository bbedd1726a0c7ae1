// The ports through which time, chance and logs reach the program, and their real implementations.
// Everything else takes them as parameters, so that tests and the simulator are in control.
import { randomFillSync } from 'node:crypto';

export interface Clock {
  /** Wall clock, microseconds since 1970 (safe integer). May step in either direction. */
  now(): number;
  /** Milliseconds that only grow; for durations and deadlines. */
  monotonic(): number;
}

export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1). */
  unit(): number;
}

export interface Timers {
  /** Calls back once, at the earliest after `delayMs`; the function that it returns cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const systemClock: Clock = {
  now: () => Date.now() * 1000,
  monotonic: () => performance.now(),
};

/** A call of the generator costs ten times what it takes to hand out 16 bytes of an earlier one. */
const pool = new Uint8Array(4096);
let poolLeft = 0;

function randomBytes(length: number): Uint8Array {
  if (length > 64) return randomFillSync(new Uint8Array(length));
  if (poolLeft < length) {
    randomFillSync(pool);
    poolLeft = pool.length;
  }
  poolLeft -= length;
  const bytes = pool.slice(poolLeft, poolLeft + length);
  // What was handed out may be a secret: it does not stay in the pool.
  pool.fill(0, poolLeft, poolLeft + length);
  return bytes;
}

export const systemRandom: Random = {
  bytes: randomBytes,
  unit: () => Math.random(),
};

export const systemTimers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
