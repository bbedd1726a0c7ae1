// The programs in examples/, as they are given to users, against a real node.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

function hasJq(): boolean {
  try {
    execFileSync('jq', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('no jq here: the test of examples/bot.sh is skipped\n');
    return false;
  }
}

/** Posts and gives the one answer to it. */
async function answersTo(node: Daemon, text: string): Promise<MessageView[]> {
  const { id } = await node.post(text);
  const answers = async (): Promise<MessageView[]> =>
    (await node.arrivals()).filter((message) => message.reply_to === id);
  await node.until('an answer', async () => (await answers()).length > 0);
  return answers();
}

test.skipIf(!hasJq())(
  'bot.sh answers what begins with "!" and nothing else, over a restart of the node',
  async () => {
    const node = await Daemon.start(workspace, 'shell');
    const { host } = new URL(node.http);
    const bot = workspace.spawn('sh', [resolve('examples/bot.sh'), node.http]);
    // It begins to listen at some moment: until then nothing is answered.
    const hello = async (): Promise<boolean> => {
      await node.post('!hello');
      return (await node.texts()).includes('I know !time and !uptime.');
    };
    await node.until('the bot', hello);
    await node.post('no command');
    const [answer, ...others] = await answersTo(node, '!\'; rm -rf "$HOME" `id`\n$(id)');
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ text: 'I know !time and !uptime.' });
    expect((await answersTo(node, '!time'))[0]?.text).toMatch(/UTC/);
    await node.kill();
    node.flags.push('--http', host);
    await node.start();
    expect((await answersTo(node, '!time')).length).toBe(1);
    const answered = (await node.arrivals()).map(({ reply_to: id }) => id);
    const replies = answered.filter((id) => id !== null);
    expect(new Set(replies).size).toBe(replies.length);
    expect(bot.stderr.all).toEqual([]);
  },
);

test('bot.ts answers each message once, over its own restarts and kills of the node', async () => {
  const node = await Daemon.start(workspace, 'typed');
  const { host } = new URL(node.http);
  const words = [
    '--import',
    'tsx',
    resolve('examples/bot.ts'),
    node.http,
    workspace.path('cursor'),
  ];
  const start = async () => {
    const bot = workspace.spawn(process.execPath, words, { cwd: resolve('.') });
    await bot.stdout.find((line) => line === 'listening');
    return bot;
  };
  let bot = await start();
  expect(await answersTo(node, '!count one two three')).toMatchObject([{ text: '3 words' }]);
  bot.destroy();
  await bot.ended;
  await node.post('!count while nobody listens');
  await node.post('no command');
  bot = await start();
  await node.until('the answer', async () => (await node.texts()).includes('3 words'));
  await node.kill();
  node.flags.push('--http', host);
  await node.start();
  expect(await answersTo(node, '!count again')).toMatchObject([{ text: '1 words' }]);
  const counts = (await node.arrivals()).filter((message) => message.reply_to !== null);
  expect(counts.map(({ text }) => text)).toEqual(['3 words', '3 words', '1 words']);
});
