// `tail`: prints messages and, with -f, goes on with those that arrive, over restarts of the daemon
// and without a line lost or repeated: the cursor moves only once a page has been handed on.
import { Command, Option } from 'commander';
import { buildTextLine } from '../chat/text-line.ts';
import type { MessageView, Page } from '../chat/view.ts';
import type { ClientConfig } from '../config.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { execute } from './execute.ts';
import {
  exitCodes,
  isPassing,
  TimeRanOut,
  UsageError,
  wordsOf,
  type ExitCode,
} from './failures.ts';
import { limitMax, pageMax, pollGraceMs, pollSeconds, retryMsMax, retryMsMin } from './limits.ts';
import { filterOf, type FilterQuery } from './list-options.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, duration, wholeNumber } from './options.ts';

const backlogDefault = 50;

export function tailCommand(act: Act): Command {
  const command = new Command('tail')
    .description('print the newest messages, one line each; with -f, go on')
    .option('-f, --follow', 'go on with what arrives')
    .addOption(
      new Option(
        '-n, --lines <n>',
        `how many to start with (default: ${backlogDefault})`,
      ).argParser(wholeNumber(0, limitMax)),
    )
    .addOption(
      new Option('--after <cursor>', 'what arrived after a cursor; 0 for all, now for none'),
    )
    .option('--since <time>', 'only newer ones: 10m, 2h, 7d or an ISO time')
    .option('--group <group>', 'id or name of a group (default: all)')
    .addOption(
      new Option('--count <n>', 'end after n messages').argParser(
        wholeNumber(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(
      new Option('--timeout <time>', 'follow no longer than this; exit 7').argParser(duration),
    )
    .option('--exec <command>', 'run a shell command for each message instead of printing it')
    .action(act(tail));
  addExamples(
    addClientOptions(command),
    'skychat-node tail -f',
    'skychat-node tail --since 10m',
    'skychat-node tail -f -n 0 --count 1 --timeout 30s',
    `skychat-node tail -f -n 0 --exec 'notify-send "$SKYCHAT_NAME" "$SKYCHAT_TEXT"'`,
  );
  return command.addHelpText('after', execHelp);
}

const execHelp = `
--exec runs the command by sh -c, one message after the other, with the message as JSON on standard
input and in SKYCHAT_ID, SKYCHAT_CURSOR, SKYCHAT_GROUP, SKYCHAT_AUTHOR, SKYCHAT_NAME, SKYCHAT_TIME,
SKYCHAT_KIND, SKYCHAT_TEXT, SKYCHAT_REPLY_TO, SKYCHAT_MINE (1 for one's own) and SKYCHAT_BOT (1
where a bot wrote it).
`;

async function tail(call: Call): Promise<ExitCode> {
  if (call.text('after') !== undefined && call.number('lines') !== undefined) {
    throw new UsageError('-n and --after exclude each other', 'Use --count to end after n.');
  }
  const timeout = call.number('timeout');
  const { interrupt } = call.ports;
  if (timeout === undefined) return follow(call, interrupt);
  const ended = new AbortController();
  const timer = setTimeout(() => {
    ended.abort(new TimeRanOut('the time of --timeout ran out'));
  }, timeout);
  try {
    return await follow(call, AbortSignal.any([interrupt, ended.signal]));
  } finally {
    clearTimeout(timer);
  }
}

async function follow(call: Call, signal: AbortSignal): Promise<ExitCode> {
  const config = loadClientConfig(call);
  const reader = new Reader(call, new Client(config), signal);
  const sink = new Sink(call, config);
  // A limit on the time only makes sense for one who waits.
  const waits = call.flag('follow') || call.number('timeout') !== undefined;
  const after = call.text('after');
  let cursor = after;
  if (cursor === undefined) {
    const newest = await reader.newest();
    await sink.take(newest.messages);
    cursor = newest.next;
  }
  let more = after !== undefined;
  while (!sink.isFull && (more || waits)) {
    const page = await reader.after(cursor, more ? 0 : pollSeconds, sink.left);
    await sink.take(page.messages);
    ({ next: cursor, more } = page);
  }
  return exitCodes.done;
}

/** Reads pages; once it has reached the daemon it does not give up on it any more. */
class Reader {
  readonly #call: Call;
  readonly #client: Client;
  readonly #signal: AbortSignal;
  readonly #filter: FilterQuery;
  #reached = false;

  constructor(call: Call, client: Client, signal: AbortSignal) {
    this.#call = call;
    this.#client = client;
    this.#signal = signal;
    this.#filter = filterOf(call);
  }

  async newest(): Promise<Page> {
    const since = this.#filter.since !== undefined;
    const usual = since
      ? limitMax
      : Math.min(backlogDefault, this.#call.number('count') ?? limitMax);
    const limit = this.#call.number('lines') ?? usual;
    if (limit === 0) return { ...(await this.after('now', 0, 1)), messages: [] };
    const page = await this.#read({ limit }, 0);
    if (since && page.messages.length === limitMax) {
      await this.#call.note(
        `older ones are left out; the first shown is ${page.messages[0]?.id ?? ''}`,
      );
    }
    return page;
  }

  after(cursor: string, wait: number, limit: number): Promise<Page> {
    return this.#read({ after: cursor, limit: Math.min(pageMax, limit) }, wait);
  }

  async #read(position: { after?: string; limit: number }, wait: number): Promise<Page> {
    const question = {
      path: '/messages',
      query: { ...this.#filter, ...position, wait: wait || undefined },
      signal: this.#signal,
      ...(wait > 0 && { timeoutMs: wait * 1000 + pollGraceMs }),
    };
    for (let delay = 0; ; delay = Math.min(retryMsMax, Math.max(retryMsMin, 2 * delay))) {
      if (delay > 0) await this.#sleep(delay);
      try {
        const { value } = await this.#client.ask<Page>(question);
        this.#reached = true;
        return value;
      } catch (error) {
        if (!this.#reached || !isPassing(error)) throw error;
        if (delay === 0) await this.#call.note(`${wordsOf(error)} (trying again)`);
      }
    }
  }

  async #sleep(ms: number): Promise<void> {
    // The signal's own reason says how the command ends.
    await this.#call.ports.sleep(ms, this.#signal).catch(() => undefined);
    this.#signal.throwIfAborted();
  }
}

/** Takes messages until it has had as many as --count says. */
class Sink {
  readonly #call: Call;
  readonly #config: ClientConfig;
  #taken = 0;

  constructor(call: Call, config: ClientConfig) {
    this.#call = call;
    this.#config = config;
  }

  get left(): number {
    return (this.#call.number('count') ?? Number.MAX_SAFE_INTEGER) - this.#taken;
  }

  get isFull(): boolean {
    return this.left === 0;
  }

  /** Resolves when all are handed on. */
  async take(messages: readonly MessageView[]): Promise<void> {
    const taken = messages.slice(0, this.left);
    this.#taken += taken.length;
    const command = this.#call.text('exec');
    if (command === undefined) {
      const build = this.#call.flag('json') ? JSON.stringify : buildTextLine;
      const text = taken.map((message) => `${build(message)}\n`).join('');
      if (text !== '') await this.#call.out.text(text);
      return;
    }
    for (const message of taken) await execute(this.#call, this.#config, command, message);
  }
}
