// `groups join`: hands the invite to the daemon and shows how the joining gets on, until this node is
// in the group with all that it has. The joining belongs to the daemon: it goes on without this.
import { Command, Option } from 'commander';
import type { GroupView } from '../chat/view.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import {
  exitCodes,
  isPassing,
  Problem,
  TimeRanOut,
  UsageError,
  wordsOf,
  type ExitCode,
} from './failures.ts';
import { joinWords } from './group-tables.ts';
import { joinLookMs } from './limits.ts';
import { loadClientConfig } from './load-settings.ts';
import { pathOfGroup } from './member-names.ts';
import { addClientOptions, addExamples, duration } from './options.ts';
import { oneLine } from './output.ts';

export function joinCommand(act: Act): Command {
  const command = new Command('join')
    .description('join a group by an invite, and wait until it is here')
    .argument('<invite...>', 'the link; one that was broken into lines may stay so')
    .addOption(
      new Option('--timeout <time>', 'wait no longer than this; exit 7').argParser(duration),
    )
    .option('--no-wait', 'begin and return at once')
    .action(act(join));
  return addExamples(
    addClientOptions(command),
    'skychat-node groups join skychat://AEBU2…',
    'skychat-node groups join --timeout 1m skychat://AEBU2…',
  );
}

async function join(call: Call): Promise<ExitCode> {
  const isWaiting = call.command.opts()['wait'] !== false;
  const timeout = call.number('timeout');
  if (!isWaiting && timeout !== undefined) {
    throw new UsageError('--timeout and --no-wait exclude each other', 'Leave one of them out.');
  }
  const client = new Client(loadClientConfig(call));
  const { interrupt } = call.ports;
  const { value: begun } = await client.ask<GroupView>({
    method: 'POST',
    path: '/groups/join',
    body: { invite: call.arguments.join('') },
    signal: interrupt,
  });
  const group = isWaiting ? await waitFor(call, client, begun, timeout) : begun;
  await (call.flag('json') ? call.out.json(group) : call.out.line(group.id));
  return exitCodes.done;
}

async function waitFor(
  call: Call,
  client: Client,
  begun: GroupView,
  timeout: number | undefined,
): Promise<GroupView> {
  const watch = new Watch(call, client);
  if (timeout === undefined) return watch.untilDone(begun, call.ports.interrupt);
  const ended = new AbortController();
  const timer = setTimeout(() => {
    ended.abort(new TimeRanOut(`the time of --timeout ran out (${watch.shown}); the node goes on`));
  }, timeout);
  try {
    return await watch.untilDone(begun, AbortSignal.any([call.ports.interrupt, ended.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Notes each change of the state. */
class Watch {
  readonly #call: Call;
  readonly #client: Client;
  shown = '';
  #isLost = false;

  constructor(call: Call, client: Client) {
    this.#call = call;
    this.#client = client;
  }

  async untilDone(begun: GroupView, signal: AbortSignal): Promise<GroupView> {
    for (let group: GroupView | undefined = begun; ; group = await this.#look(begun, signal)) {
      if (group !== undefined) {
        if (isDone(group)) return group;
        checkFailure(group);
        await this.#show(group.join == null ? group.state : joinWords(group.join));
      }
      await this.#sleep(signal);
    }
  }

  /** Undefined while the daemon restarts: it goes on with the joining. */
  async #look({ id }: GroupView, signal: AbortSignal): Promise<GroupView | undefined> {
    try {
      const group = await this.#client.get<GroupView>(pathOfGroup(id), {}, signal);
      this.#isLost = false;
      return group;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (!this.#isLost) await this.#call.note(`${wordsOf(error)} (trying again)`);
      this.#isLost = true;
      return undefined;
    }
  }

  async #show(words: string): Promise<void> {
    if (words === this.shown) return;
    this.shown = words;
    await this.#call.note(oneLine(words));
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    // The signal's own reason says how the command ends.
    await this.#call.ports.sleep(joinLookMs, signal).catch(() => undefined);
    signal.throwIfAborted();
  }
}

function isDone({ state, join }: GroupView): boolean {
  return state === 'active' && (join == null || join.state === 'done');
}

function checkFailure({ state, join }: GroupView): void {
  if (join?.state === 'failed') {
    const status = join.code === 'not-a-member' ? 403 : 422;
    throw new Problem(status, join.detail ?? 'the joining failed', join.code ?? undefined, hint);
  }
  // Who was in the group before joins it again.
  if (join != null) return;
  if (state === 'left') throw new Problem(409, 'the joining was ended', 'group-left');
  if (state === 'removed') {
    throw new Problem(403, 'this node was removed from the group', 'not-a-member', hint);
  }
}

const hint = 'Ask an admin of the group for a new invite, or to be added by key.';
