// The first minute with a node: the commands of the README as written, by the real curl.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { MessageView, Page } from '../../src/chat/view.ts';
import { Daemon, freePort } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => {
        resolve(false);
      })
      .listen(port, host, () =>
        server.close(() => {
          resolve(true);
        }),
      );
  });
}

/** No flags where the usual ports are free; on a shared machine they may not be. */
async function flagsForBusyPorts(): Promise<{ port: number; flags: string[] }> {
  const flags: string[] = [];
  let port = 8001;
  if (!(await isFree(8001, '127.0.0.1'))) {
    port = await freePort();
    flags.push('--http', `127.0.0.1:${port}`);
  }
  if (!(await isFree(8870, '0.0.0.0'))) flags.push('--listen', '0.0.0.0:0');
  if (flags.length > 0) process.stderr.write(`busy port: tested with ${flags.join(' ')}\n`);
  return { port, flags };
}

test('a node without any configuration takes `curl -d "hi" localhost:8001/messages` and gives it back to `curl localhost:8001/messages`', async () => {
  const { port, flags } = await flagsForBusyPorts();
  const data = workspace.path('data-home', 'skychat-node');
  const env = { XDG_DATA_HOME: workspace.path('data-home') };
  const node = workspace.spawnCli(flags, { env });
  await node.stdout.find((line) => line.startsWith('try '));
  const [address, http, attempt] = node.stdout.all;
  expect(address).toMatch(/^address {2}[0-9a-f]{64}@[^ ]+:\d+$/);
  expect(http).toBe(`http     http://127.0.0.1:${port}`);
  expect(attempt).toBe(`try      curl -d hello http://127.0.0.1:${port}/messages`);

  const curl = async (line: string): Promise<string> => {
    const ended = await workspace.run('sh', ['-c', line.replaceAll('8001', String(port))]);
    expect(ended.code, ended.stderr).toBe(0);
    return ended.stdout;
  };
  const posted = JSON.parse(await curl('curl -s -d "hi" localhost:8001/messages')) as MessageView;
  const { messages, more } = JSON.parse(await curl('curl -s localhost:8001/messages')) as Page;
  expect(messages).toEqual([posted]);
  expect(posted).toMatchObject({ text: 'hi', kind: 'text', mine: true, reply_to: null });
  expect(more).toBe(false);
  expect(await curl((attempt ?? '').replace(/^try +curl/, 'curl -s'))).toContain('"hello"');
  const text = await curl("curl -s 'localhost:8001/messages?format=text'");
  expect(text.split('\n')).toHaveLength(3);
  expect(text).toMatch(/^\d{4}-[^ ]+Z [0-9a-f]{8}: hi\n.*: hello\n$/);
  expect(await curl('curl -s localhost:8001/')).toContain('curl -d');
  expect(statSync(data).mode & 0o777).toBe(0o700);
  expect(statSync(`${data}/identity.key`).mode & 0o777).toBe(0o600);

  // The commands find it without being told where it is.
  const clients = { env };
  expect((await workspace.cli(['send', 'from the command line'], clients)).stdout).toMatch(
    /^[0-9a-f]{64}\n$/,
  );
  expect((await workspace.cli(['tail', '-n', '1'], clients)).stdout).toMatch(
    /: from the command line\n$/,
  );
  const id = (await workspace.cli(['id'], clients)).stdout;
  expect(id).toBe(`${(address ?? '').replace('address  ', '')}\n`);
  expect(await node.end('SIGTERM')).toMatchObject({ code: 0 });
  expect(await workspace.cli(['tail'], clients)).toMatchObject({ code: 3, stdout: '' });
});

const nasty =
  'two\nlines\r\n\ttab \u001b[31mred\u001b[0m\u001b]0;title\u0007 \u009b2J \u202eRTL\u202c \u2066\u2069' +
  ' nul:\0: \u2028\u2029 👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u200b\u00ad \b\u007f';

test('F51 a text of 64 KiB with newlines, escape codes, right-to-left marks, NUL and emoji crosses two nodes byte for byte, and is one harmless line where lines are read', async () => {
  const b = await Daemon.make(workspace, 'nasty-b');
  const a = await Daemon.start(workspace, 'nasty-a', { flags: ['--peers', b.address] });
  b.flags.push('--allow', a.pk);
  await b.start();
  const head = Buffer.byteLength(nasty);
  const text = nasty + '\u001b[2K'.repeat((65_536 - head) >> 2).padEnd(65_536 - head, 'x');
  expect(Buffer.byteLength(text)).toBe(65_536);
  const file = workspace.path('nasty.txt');
  writeFileSync(file, text);

  const json = JSON.stringify({ text });
  const posted = await workspace.run(
    'curl',
    ['-s', '-H', 'Content-Type: application/json', '--data-binary', '@-', `${a.http}/messages`],
    { input: json },
  );
  const { id } = JSON.parse(posted.stdout) as MessageView;
  const raw = await workspace.run('curl', [
    '-s',
    '--data-binary',
    `@${file}`,
    `${a.http}/messages`,
  ]);
  expect((JSON.parse(raw.stdout) as MessageView).text).toBe(text);
  await b.untilMessages(2);
  const read = await b.get<MessageView>(`/messages/${id}`);
  expect(Buffer.from(read.text).equals(readFileSync(file))).toBe(true);

  // C0, DEL, C1, the separators of lines, and all that turns the direction of text.
  const harmful = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
  const lines = (await b.get<string>('/messages?format=text')).split('\n');
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).not.toMatch(harmful);
  expect(lines[0]).toContain(String.raw`two\nlines\r\n\ttab \x1b[31mred`);
  expect(lines[0]).toContain('👩‍👩‍👧‍👦🏳️‍🌈');
  const tail = await workspace.cli(['tail', '-n', '2', '--data', b.data]);
  expect(tail.stdout).toBe(lines.join('\n'));
  const ndjson = (await b.get<string>('/messages?format=ndjson')).split('\n');
  expect(ndjson).toHaveLength(3);
  expect((JSON.parse(ndjson[1] ?? '') as MessageView).text).toBe(text);
});
