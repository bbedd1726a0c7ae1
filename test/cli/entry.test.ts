// The entry itself, as a process of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { readKeyFile } from '../../src/key-file.ts';
import { fakeDaemon, FakeTimeline, makeFolder, message } from './harness.ts';

interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function spawnEntry(words: readonly string[], home = makeFolder(), shell?: string): Process {
  const entry = [inject('entry'), ...words];
  const env = { PATH: process.env['PATH'], HOME: home };
  const child =
    shell === undefined
      ? spawn(process.execPath, entry, { env })
      : spawn('bash', ['-c', `set -o pipefail; "$@" ${shell}`, '-', process.execPath, ...entry], {
          env,
        });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const read = async (stream: typeof child.stdout): Promise<string> => {
    let text = '';
    for await (const part of stream) text += String(part);
    return text;
  };
  const ended = Promise.all([read(child.stdout), read(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr]) => ({ code: child.exitCode, stdout, stderr }),
  );
  return { child, ended };
}

test('keygen prints the key of the file that it wrote', async () => {
  const home = makeFolder();
  const { code, stdout, stderr } = await spawnEntry(['keygen', join(home, 'k')], home).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(`${readKeyFile(join(home, 'k')).publicKey}\n`);
});

test('a usage error is exit 2 with one line on stderr, and leaves nothing behind', async () => {
  const home = makeFolder();
  const ended = await spawnEntry(['--peers', 'nobody'], home).ended;
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
  expect(readdirSync(home)).toEqual([]);
});

test('no daemon is exit 3', async () => {
  expect(await spawnEntry(['status']).ended).toMatchObject({ code: 3, stdout: '' });
});

test('standard input that is not a terminal is the text of send', async () => {
  const daemon = await fakeDaemon((_, response) => {
    response.writeHead(201).end(JSON.stringify(message(7)));
  });
  const { child, ended } = spawnEntry(['send', '--http', daemon.http]);
  child.stdin?.end('from a pipe\n');
  expect(await ended).toMatchObject({ code: 0, stdout: `${message(7).id}\n` });
  expect(daemon.received[0]?.body).toBe('{"text":"from a pipe"}');
});

test('a reader that went away ends tail quietly', async () => {
  const timeline = new FakeTimeline();
  timeline.add(...Array.from({ length: 200 }, () => ({ text: 'x'.repeat(10_000) })));
  const { http } = await fakeDaemon(timeline.respond);
  const { ended } = spawnEntry(
    ['tail', '--after', '0', '--http', http],
    makeFolder(),
    '| head -c 9',
  );
  expect(await ended).toEqual({ code: 0, stdout: '2026-11-2', stderr: '' });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends tail -f with 130', async (signal) => {
  const { http } = await fakeDaemon(new FakeTimeline(1).respond);
  const { child, ended } = spawnEntry(['tail', '-f', '--http', http]);
  child.stdout?.once('data', () => child.kill(signal));
  expect(await ended).toMatchObject({ code: 130, stderr: '' });
});
