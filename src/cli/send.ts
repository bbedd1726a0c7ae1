// `send`: posts one message and prints its id.
import { Command, Option } from 'commander';
import { parseUtf8, toHex } from '../bytes.ts';
import { priorities } from '../chat/content/text-content.ts';
import type { MessageView, StatusView } from '../chat/view.ts';
import { SkychatError } from '../errors.ts';
import type { Act, Call } from './call.ts';
import { AnswerLost, Client, type Answer } from './client.ts';
import { exitCodes, UsageError, type ExitCode } from './failures.ts';
import { retryMsMin, stdinBytesMax } from './limits.ts';
import { loadClientConfig } from './load-settings.ts';
import { findKey, readMember } from './member-names.ts';
import { addClientOptions, addExamples, wholeNumber } from './options.ts';

/** As many as the daemon takes. */
const waitMax = 10_000;

export function sendCommand(act: Act): Command {
  const command = new Command('send')
    .description('post a message and print its id')
    .argument('[text]', 'the message; - or nothing reads it from standard input')
    .option('--group <group>', 'id or name of a group (default: the room)')
    .option('--to <key|name>', 'to one other member alone, in place of --group')
    .option('--reply-to <id>', 'id of the message that this one answers')
    .addOption(new Option('--priority <priority>', 'how urgent it is').choices([...priorities]))
    .option('--ack', 'ask readers to acknowledge it')
    .addOption(
      new Option('--wait <n>', 'wait until n other nodes have it on disk; exit 8 if not').argParser(
        wholeNumber(1, waitMax),
      ),
    )
    .action(act(send));
  return addExamples(
    addClientOptions(command),
    "skychat-node send 'hello'",
    'uptime | skychat-node send',
    "skychat-node send --wait 1 'disk is full on db3'",
    "skychat-node send --to alice 'between us'",
    "skychat-node send -- '--starts with a dash'",
  );
}

async function send(call: Call): Promise<ExitCode> {
  const client = new Client(loadClientConfig(call));
  const text = await textOf(call);
  const wait = call.number('wait');
  const to = await recipientOf(call, client);
  const { status, value: message } = await post(call, client, {
    text,
    group: call.text('group'),
    to,
    reply_to: call.text('replyTo'),
    priority: call.text('priority'),
    ack: call.flag('ack') ? true : undefined,
    min_peers: wait,
  });
  await (call.flag('json') ? call.out.json(message) : call.out.line(message.id));
  if (status !== 202) return exitCodes.done;
  const { stored } = message.delivery;
  await call.note(`stored here and on ${stored.length} of ${wait ?? 0} other nodes so far`);
  return exitCodes.notReplicated;
}

/** The key lets a second attempt get the first one's answer, so that nothing is posted twice. */
async function post(call: Call, client: Client, body: object): Promise<Answer<MessageView>> {
  const { interrupt: signal, random } = call.ports;
  const headers = { 'idempotency-key': toHex(random.bytes(16)) };
  const question = { method: 'POST', path: '/messages', body, headers, signal } as const;
  try {
    return await client.ask<MessageView>(question);
  } catch (error) {
    if (!(error instanceof AnswerLost)) throw error;
    await call.ports.sleep(retryMsMin, signal);
    return client.ask<MessageView>(question).catch((again: unknown) => {
      // That nobody is there any more does not tell what became of the first attempt.
      throw again instanceof SkychatError ? error : again;
    });
  }
}

/** Names are those of the room. */
async function recipientOf(call: Call, client: Client): Promise<string | undefined> {
  const to = call.text('to');
  if (to === undefined) return undefined;
  if (call.text('group') !== undefined) {
    throw new UsageError('--to and --group exclude each other', 'Leave one of them out.');
  }
  const key = findKey(to);
  if (key !== undefined) return key;
  const { room } = await client.get<StatusView>('/status', {}, call.ports.interrupt);
  return readMember(call, client, room, to);
}

async function textOf(call: Call): Promise<string> {
  const [text] = call.arguments;
  if (text !== undefined && text !== '-') return text;
  if (text === undefined && call.ports.stdin.isTTY === true) {
    throw new UsageError('there is no text', 'Write it behind send, or - to type it.');
  }
  return readStdin(call);
}

async function readStdin({ ports: { stdin, interrupt } }: Call): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  const stop = (): void => {
    stdin.destroy(interrupt.reason as Error);
  };
  interrupt.addEventListener('abort', stop, { once: true });
  try {
    for await (const part of stdin as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(part as string);
      length += bytes.length;
      // One more for the line's end, which is not part of the text.
      if (length > stdinBytesMax + 2) {
        throw new UsageError(`the text is larger than ${stdinBytesMax} bytes`, 'Send it in parts.');
      }
      parts.push(bytes);
    }
  } finally {
    interrupt.removeEventListener('abort', stop);
  }
  const text = parseUtf8(Buffer.concat(parts));
  if (text === undefined) throw new UsageError('the text is not UTF-8', 'Convert it first.');
  return text.replace(/\r?\n$/, '');
}
