// What the bench asks of a participant in a process of its own, and what it is answered; a line of
// JSON each. Types only.
import type { Listening } from './participant.ts';

export interface Commands {
  fill: (input: { readonly feeds: number; readonly each: number }) => readonly string[];
  ownFeed: () => string;
  follow: (input: { readonly feeds: readonly string[] }) => void;
  listen: () => Listening;
  connect: (input: Listening) => void;
  /** Appends in groups, each awaited before the next; gives messages a second. */
  append: (input: { readonly count: number; readonly group: number }) => number;
  /** Connects, and waits until so many messages have arrived in this process. */
  receive: (input: Listening & Wanted) => Received;
  /** Posts at a steady rate, whether or not those before were done; gives how many failed. */
  post: (input: Series & { readonly count: number; readonly perSecond: number }) => number;
  /** Waits for posts, and gives the milliseconds of each that came from its append on. */
  collect: (input: Series & Wanted) => readonly number[];
  close: () => void;
}

/** Timed posts are numbered, from `first` on. */
export interface Series {
  readonly first: number;
}

export interface Wanted {
  readonly count: number;
  readonly patienceMs: number;
}

export interface Received {
  /** From before the connect; undefined where not all came in time. */
  readonly ms: number | undefined;
  readonly cpuMs: number;
  /** Resident memory at the end, MB. */
  readonly residentMb: number;
  /** Both directions. */
  readonly wireBytes: number;
}

export type CommandName = keyof Commands;
export type Input<Name extends CommandName> = Parameters<Commands[Name]>[0];
export type Output<Name extends CommandName> = ReturnType<Commands[Name]>;
