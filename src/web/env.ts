// The ambient world of the page: its clock, chance and timers, in one place.
import type { HubPorts } from './live/hub.ts';

export function now(): number {
  return Date.now();
}

/** Not secret: where a page comes without TLS there is no `crypto.randomUUID`. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Returns how to cancel it. */
export function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => {
    clearTimeout(timer);
  };
}

export const hubPorts: HubPorts = {
  fetch: (path, init) => fetch(path, init),
  now,
  after,
  random: () => Math.random(),
};
