// Runs the command of `tail --exec` for one message. What others wrote reaches it as data only, on
// standard input and in the environment, never as a part of the command line.
import { spawn } from 'node:child_process';
import { shownName } from '../chat/text-line.ts';
import type { MessageView } from '../chat/view.ts';
import { formatEndpoint, type ClientConfig } from '../config.ts';
import type { Call } from './call.ts';

/** Resolves when the command has ended, however it did; a failure is noted. */
export async function execute(
  call: Call,
  config: ClientConfig,
  command: string,
  message: MessageView,
): Promise<void> {
  const outcome = await run(call, command, message, {
    ...call.ports.env,
    ...addressOf(config),
    ...variablesOf(message),
  });
  call.ports.interrupt.throwIfAborted();
  if (outcome !== undefined) await call.note(`--exec for ${message.id}: ${outcome}`);
}

function run(
  call: Call,
  command: string,
  message: MessageView,
  env: Record<string, string | undefined>,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', command], {
      stdio: ['pipe', 'inherit', 'inherit'],
      cwd: call.ports.cwd,
      env,
      signal: call.ports.interrupt,
    });
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `ended with ${code ?? 0}` : `ended by ${signal}`);
    });
    // A command need not read it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(message)}\n`);
  });
}

/** Lets a `skychat-node` within the command find the same daemon. */
function addressOf({ http, data, httpTokenFile }: ClientConfig): Record<string, string> {
  const named = http?.kind === 'tcp' ? formatEndpoint(http) : http && `unix:${http.path}`;
  return {
    SKYCHAT_DATA: data,
    ...(named !== undefined && { SKYCHAT_HTTP: named }),
    ...(httpTokenFile !== undefined && { SKYCHAT_HTTP_TOKEN_FILE: httpTokenFile }),
  };
}

/** Empty where there is no name at all. */
function nameOf(message: MessageView): string {
  return message.name === null ? '' : shownName(message);
}

function variablesOf(message: MessageView): Record<string, string | undefined> {
  const variables = {
    SKYCHAT_ID: message.id,
    SKYCHAT_CURSOR: message.cursor,
    SKYCHAT_GROUP: message.group,
    SKYCHAT_AUTHOR: message.author,
    SKYCHAT_NAME: nameOf(message),
    SKYCHAT_BOT: message.bot === true ? '1' : '0',
    SKYCHAT_TIME: message.time,
    SKYCHAT_KIND: message.kind,
    SKYCHAT_TEXT: message.text,
    SKYCHAT_REPLY_TO: message.reply_to ?? '',
    SKYCHAT_MINE: message.mine ? '1' : '0',
  };
  // No variable can carry a NUL; the JSON on standard input does.
  const entries = Object.entries(variables);
  return Object.fromEntries(
    entries.map(([name, text]) => [name, text.replaceAll('\0', '\u{2400}')]),
  );
}
