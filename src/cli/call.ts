// One call of a command: its arguments, its options with those that stood before the command, and the
// world. Turns a handler that answers with an exit code into a commander action.
import type { Command } from 'commander';
import { nearest, settings, type FlagValue, type SettingName } from '../settings.ts';
import { UsageError, type ExitCode } from './failures.ts';
import type { Output } from './output.ts';
import type { Ports } from './ports.ts';

export type Handler = (call: Call) => Promise<ExitCode>;

/** Makes the action of a command; what it answers is the exit code of the program. */
export type Act = (handler: Handler) => (this: Command) => Promise<void>;

export class Call {
  readonly ports: Ports;
  readonly out: Output;
  readonly err: Output;
  readonly command: Command;
  readonly #options = new Map<string, unknown>();

  constructor(ports: Ports, out: Output, err: Output, command: Command) {
    this.ports = ports;
    this.out = out;
    this.err = err;
    this.command = command;
    for (const ancestor of lineageOf(command)) {
      for (const [name, value] of Object.entries(ancestor.opts())) this.#give(name, value);
    }
  }

  get arguments(): readonly string[] {
    return this.command.args;
  }

  flag(name: string): boolean {
    return this.#options.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#options.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** What was given several times; undefined where it was not given. */
  texts(name: string): readonly string[] | undefined {
    const value = this.#options.get(name);
    return Array.isArray(value) ? (value as string[]) : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#options.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  /** The options that are settings, by the names of their flags. */
  settings(): Partial<Record<SettingName, FlagValue>> {
    const flags: Partial<Record<SettingName, FlagValue>> = {};
    for (const name of Object.keys(settings) as SettingName[]) {
      const value = this.#options.get(attributeOf(name));
      if (value !== undefined) flags[name] = value as FlagValue;
    }
    // Commander's form of --no-listen.
    if (flags.listen === false) {
      delete flags.listen;
      flags['no-listen'] = true;
    }
    if (this.#options.has('via')) {
      flags.peers = [flags.peers ?? [], this.#options.get('via') as string[]].flat() as string[];
    }
    return flags;
  }

  /** For the commands that take no argument of their own but could be followed by a misspelt one. */
  refuseArguments(words: readonly string[]): void {
    const [word] = this.arguments;
    if (word !== undefined) throw unknownWord('command', word, words);
  }

  /** A note for the person at the terminal, never a result. */
  note(text: string): Promise<void> {
    // Nobody may be reading, and a note is not worth an end.
    return this.err.line(`skychat-node: ${text}`).catch(() => undefined);
  }

  /** What is given twice is taken together where it is a list, else the last one counts. */
  #give(name: string, value: unknown): void {
    const before = this.#options.get(name);
    const both = Array.isArray(before) && Array.isArray(value);
    this.#options.set(name, both ? [...(before as unknown[]), ...(value as unknown[])] : value);
  }
}

/** The command with those that it is a part of, outermost first. */
function lineageOf(command: Command): Command[] {
  return command.parent === null ? [command] : [...lineageOf(command.parent), command];
}

/** Commander's name of an option: `http-token-file` is httpTokenFile. */
function attributeOf(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function unknownWord(what: string, word: string, known: readonly string[]): UsageError {
  const near = nearest(word, known);
  const hint = near === undefined ? `Known are: ${known.join(', ')}.` : `Did you mean ${near}?`;
  return new UsageError(`unknown ${what} ${JSON.stringify(word)}`, hint);
}
