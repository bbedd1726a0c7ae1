// docs/BOTS.md against the program: its transcripts run on a real node, and so do its bots.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from '../src/chat/view.ts';
import type { OutgoingHookView } from '../src/http/hooks.ts';
import type { TokenView } from '../src/http/tokens.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';
import { blocksOf, Session, stepsOf } from './support/transcript.ts';

const page = readFileSync('docs/BOTS.md', 'utf8');
const machine = 'alice';
const slowMs = 60_000;

const scripts = ['sh', 'python', 'js'].flatMap((language) => blocksOf(page, language));

function isAbsent(program: string): boolean {
  const absent = spawnSync(program, ['--version']).status !== 0;
  if (absent)
    process.stderr.write(`there is no ${program}: what needs it of docs/BOTS.md is skipped\n`);
  return absent;
}

const pythonAbsent = isAbsent('python3');

describe.skipIf(isAbsent('curl'))('the page', () => {
  let folder: string;
  let session: Session;
  const get = async <T>(path: string): Promise<T> =>
    (await fetch(session.http(machine) + path)).json() as Promise<T>;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    session = new Session(folder);
    for (const script of scripts) {
      const [, name = ''] = /^(?:#|\/\/) (\S+\.(?:sh|py|mjs))\n/.exec(script) ?? [];
      session.write(name, script);
    }
  });

  afterAll(async () => {
    const codes = await session.close();
    await removeDirectory(folder);
    expect(codes).toEqual([0]);
  }, slowMs);

  test.each(stepsOf(page).map((step) => [step.command, step] as const))(
    '%s',
    async (_, step) => {
      const { printed, pattern } = await session.run(step);
      expect(printed).toMatch(pattern);
      session.learn(printed, pattern);
    },
    slowMs,
  );

  test.each([
    ['sh bot.sh', false],
    ['python3 bot.py', pythonAbsent],
    ['node bot.mjs', false],
  ])(
    '%s answers a ping of a person once, and no bot',
    async (command, isSkipped) => {
      if (isSkipped) return;
      const step = { machine, shown: [] };
      const name = command.replaceAll(/\W/g, '-');
      await session.run({
        ...step,
        command: `npx skychat-node token create --name ${name} > bot.token`,
      });
      const child = session.spawn(machine, command);
      const isListening = async (): Promise<boolean> => {
        const { tokens } = await get<{ tokens: TokenView[] }>('/tokens');
        return tokens.some((each) => each.name === name && each.last_used !== null);
      };
      await expect.poll(isListening, { timeout: slowMs }).toBe(true);
      const post = { machine, shown: [] };
      const authorized = '-H "Authorization: Bearer $(cat grafana.token)"';
      await session.run({
        ...post,
        command: `curl -s ${authorized} -d ping $SKYCHAT_URL/messages`,
      });
      const { printed } = await session.run({
        ...post,
        command: 'curl -s -d ping $SKYCHAT_URL/messages',
      });
      const { id } = JSON.parse(printed) as { id: string };
      const answers = async () => {
        const { messages } = await get<Page>('/messages?limit=100');
        return messages
          .filter((each) => each.name === name)
          .map((each) => [each.text, each.reply_to]);
      };
      await expect.poll(answers, { timeout: slowMs }).toEqual([['pong', id]]);
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    },
    slowMs,
  );

  test(
    'receiver.mjs takes what is signed, and its answer is a reply',
    async () => {
      // The hook is made for the port of the receiver, which needs the secret first: it is moved there.
      const receiver = session.spawn(machine, 'PORT=0 exec node receiver.mjs');
      const [port] = (await receiver.stdout?.setEncoding('utf8').take(1).toArray()) as [string];
      const url = `http://127.0.0.1:${port.trim()}/chat`;
      const forged = await fetch(url, { method: 'POST', body: '{}' });
      expect(forged.status).toBe(401);
      if (receiver.pid !== undefined) process.kill(-receiver.pid, 'SIGKILL');
      const create = `npx skychat-node hook create --name up --url ${url} > hook.secret`;
      await session.run({ machine, shown: [], command: create });
      session.spawn(machine, `PORT=${port.trim()} exec node receiver.mjs`);
      await session.run({ machine, shown: [], command: 'curl -s -d uptime $SKYCHAT_URL/messages' });
      const replies = async () => {
        const { messages } = await get<Page>('/messages?limit=100');
        return messages.filter((each) => each.name === 'up').map((each) => each.text);
      };
      await expect
        .poll(replies, { timeout: slowMs })
        .toEqual([expect.stringMatching(/^[\d.]+ s$/)]);
      const { hooks } = await get<{ hooks: OutgoingHookView[] }>('/hooks');
      expect(hooks.find(({ name }) => name === 'up')).toMatchObject({
        state: 'active',
        reason: null,
      });
    },
    slowMs,
  );
});
