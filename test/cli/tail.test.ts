import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeRuntimeFile } from '../../src/cli/runtime-file.ts';
import {
  alice,
  fakeDaemon,
  FakeTimeline,
  makeFolder,
  message,
  run,
  sendJson,
  start,
  type Responder,
} from './harness.ts';

const time = '2026-11-22T05:10:00.123Z';

function linesOf(...indexes: number[]): string {
  return indexes.map((i) => `${time} alice: text ${i}\n`).join('');
}

async function daemonOf(timeline: FakeTimeline): Promise<string[]> {
  return ['--http', (await fakeDaemon(timeline.respond)).http];
}

test('tail prints the newest messages, one line each, and ends', async () => {
  const at = await daemonOf(new FakeTimeline(60));
  expect((await run(['tail', ...at])).stdout.split('\n')).toHaveLength(51);
  expect(await run(['tail', '-n', '2', ...at])).toEqual({
    code: 0,
    stdout: linesOf(59, 60),
    stderr: '',
  });
});

test('tail --json prints one object a line', async () => {
  const ended = await run(['tail', '-n2', '--json', ...(await daemonOf(new FakeTimeline(3)))]);
  const lines = ended.stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([message(2), message(3)]);
});

test('F51 a message with line ends and escape codes stays on its line', async () => {
  const timeline = new FakeTimeline();
  timeline.add({ text: 'a\nb\u001b[2J', name: 'x\ry' });
  const { stdout } = await run(['tail', ...(await daemonOf(timeline))]);
  expect(stdout).toBe(`${time} x\\ry: a\\nb\\x1b[2J\n`);
});

test('tail --after prints all that arrived since, page by page, in order of arrival', async () => {
  const daemon = await fakeDaemon(new FakeTimeline(450).respond);
  const ended = await run(['tail', '--after', '3', '--http', daemon.http]);
  expect(ended.stdout).toBe(linesOf(...Array.from({ length: 447 }, (_, i) => i + 4)));
  expect(daemon.received.map(({ query }) => query['after'])).toEqual(['3', '203', '403']);
  expect(daemon.received.every(({ query }) => query['wait'] === undefined)).toBe(true);
});

test('tail --after now prints nothing and ends', async () => {
  const at = await daemonOf(new FakeTimeline(4));
  expect(await run(['tail', '--after', 'now', ...at])).toMatchObject({ code: 0, stdout: '' });
});

test('tail -n 0 --count 1 waits for the next message and no other', async () => {
  const timeline = new FakeTimeline(5);
  const daemon = await fakeDaemon((received, response, index) => {
    timeline.respond(received, response, index);
    if (received.query['wait'] !== undefined) timeline.add({}, {});
  });
  const ended = await run(['tail', '-f', '-n', '0', '--count', '1', '--http', daemon.http]);
  expect(ended).toEqual({ code: 0, stdout: linesOf(6), stderr: '' });
});

test('--count takes the newest, and goes on where there are fewer', async () => {
  const timeline = new FakeTimeline(5);
  const at = await daemonOf(timeline);
  expect((await run(['tail', '-f', '--count', '2', ...at])).stdout).toBe(linesOf(4, 5));
  const started = start(['tail', '-f', '--count', '7', ...at]);
  await started.stdout.until((text) => text.endsWith('text 5\n'));
  timeline.add({});
  timeline.add({}, {});
  expect(await started.code).toBe(0);
  expect(started.stdout.text).toBe(linesOf(1, 2, 3, 4, 5, 6, 7));
});

test('--count ends a backlog that -n made longer', async () => {
  const at = await daemonOf(new FakeTimeline(5));
  expect((await run(['tail', '-n', '3', '--count', '2', ...at])).stdout).toBe(linesOf(3, 4));
});

test('--timeout ends with 7 when the time ran out before the count', async () => {
  const at = await daemonOf(new FakeTimeline(1));
  const ended = await run(['tail', '-f', '--count', '2', '--timeout', '50ms', ...at]);
  expect(ended.code).toBe(7);
  expect(ended.stdout).toBe(linesOf(1));
  expect(ended.stderr).toContain('--timeout');
});

test('--timeout waits without -f as well', async () => {
  const at = await daemonOf(new FakeTimeline(1));
  expect((await run(['tail', '--timeout', '50ms', ...at])).code).toBe(7);
  expect((await run(['tail', '--count', '1', '--timeout', '20s', ...at])).code).toBe(0);
});

test('an interrupt ends tail -f with 130 and without a word', async () => {
  const started = start(['tail', '-f', ...(await daemonOf(new FakeTimeline(1)))]);
  await started.stdout.until((text) => text.endsWith('\n'));
  started.interrupt();
  expect(await started.code).toBe(130);
  expect(started.stderr.text).toBe('');
});

test('filters are handed on, and --since becomes a fixed point in time', async () => {
  const timeline = new FakeTimeline(1);
  const daemon = await fakeDaemon((received, response, index) => {
    timeline.respond(received, response, index);
    if (received.query['wait'] !== undefined) timeline.add({});
  });
  const clock = { now: () => Date.parse(time) * 1000, monotonic: () => 0 };
  const words = ['tail', '-f', '--count', '2', '--since', '10m', '--group', 'ops'];
  await run([...words, '--http', daemon.http], { clock });
  expect(daemon.received.map(({ query }) => query)).toEqual([
    { since: '2026-11-22T05:00:00.123Z', group: 'ops', limit: '1000' },
    { since: '2026-11-22T05:00:00.123Z', group: 'ops', after: '1', limit: '1', wait: '30' },
  ]);
});

test('--since that finds more than one page says that older ones are left out', async () => {
  const at = await daemonOf(new FakeTimeline(1100));
  const ended = await run(['tail', '--since', '1d', ...at]);
  expect(ended.stdout.split('\n')).toHaveLength(1001);
  expect(ended.stderr).toContain('older ones are left out');
});

test('F46 F47 tail -f goes on over restarts of the daemon, with no line lost or repeated', async () => {
  const data = makeFolder();
  const timeline = new FakeTimeline(2);
  const runtimeOf = (port: number): void => {
    const runtime = { pid: process.pid, pk: alice, listen: null, http: `http://127.0.0.1:${port}` };
    writeRuntimeFile(data, runtime);
  };
  const first = await fakeDaemon(timeline.respond);
  runtimeOf(first.port);
  const started = start(['tail', '-f', '--count', '6', '--data', data]);
  await started.stdout.until((text) => text.includes('text 2\n'));
  timeline.add({});
  await started.stdout.until((text) => text.includes('text 3\n'));
  await first.close();
  await started.stderr.until((text) => text.includes('trying again'));
  timeline.messages.push(message(4));
  // The second daemon has another port, is short of something at first, and cuts its first answer.
  const second = await fakeDaemon((received, response, index) => {
    if (index === 0) sendJson(response, { status: 503, code: 'not-ready', detail: 'x' }, 503);
    else if (index === 1) {
      response.writeHead(200, { 'content-length': '5000' });
      response.write('{"messages":[{"id":"');
      setImmediate(() => response.destroy());
    } else {
      timeline.respond(received, response, index);
      if (received.query['wait'] !== undefined) timeline.add({}, {});
    }
  });
  runtimeOf(second.port);
  expect(await started.code).toBe(0);
  expect(started.stdout.text).toBe(linesOf(1, 2, 3, 4, 5, 6));
  expect(started.stderr.lines.length).toBeLessThanOrEqual(2);
});

test('a daemon that was never there is exit 3 at once, and a refusal is not tried again', async () => {
  expect((await run(['tail', '-f', '--data', makeFolder()])).code).toBe(3);
  const refuse: Responder = ({ query }, response) => {
    if (query['after'] === undefined) sendJson(response, { messages: [], next: '0', more: false });
    else sendJson(response, { status: 404, code: 'unknown-group', detail: 'no such group' }, 404);
  };
  const daemon = await fakeDaemon(refuse);
  const ended = await run(['tail', '-f', '--http', daemon.http]);
  expect(ended).toMatchObject({ code: 5, stdout: '' });
  expect(daemon.received).toHaveLength(2);
});

test('-n and --after exclude each other', async () => {
  const ended = await run(['tail', '-n', '1', '--after', '0', '--http', '127.0.0.1:1']);
  expect(ended.code).toBe(2);
});

test.each(['-1', 'x', '1001', '1.5'])('-n %s is a usage error', async (n) => {
  expect((await run(['tail', '-n', n, '--http', '127.0.0.1:1'])).code).toBe(2);
});

test.each(['5parsecs', '', 's', '-1s', '100w'])('--timeout %j is a usage error', async (text) => {
  expect((await run(['tail', '--timeout', text, '--http', '127.0.0.1:1'])).code).toBe(2);
});

test('--exec runs the command for each message in turn, with the message as data', async () => {
  const folder = makeFolder();
  const timeline = new FakeTimeline();
  const hostile = '$(touch hacked); `touch hacked`\n"\'; touch hacked #';
  timeline.add({ text: hostile, name: null }, { text: 'a\0b', mine: true });
  // The first takes longer, so that it would come last if both ran at once.
  const command = [
    'case "$SKYCHAT_ID" in *1) sleep 0.05 ;; esac',
    'printf "%s|%s|%s|%s\\n" "$SKYCHAT_TEXT" "$SKYCHAT_NAME" "$SKYCHAT_MINE" "$SKYCHAT_AUTHOR" >> out',
    'cat >> json',
  ].join('\n');
  const words = ['tail', '--exec', command, ...(await daemonOf(timeline))];
  const ended = await run(words, { cwd: folder });
  expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(
    `${hostile}||0|${alice}\na\u2400b|alice|1|${alice}\n`,
  );
  const json = readFileSync(join(folder, 'json'), 'utf8').trimEnd().split('\n');
  expect(json.map((line) => JSON.parse(line) as unknown)).toEqual(timeline.messages);
  expect(() => readFileSync(join(folder, 'hacked'))).toThrow();
});

test('a command of --exec that fails or does not read is noted, and the next message follows', async () => {
  const timeline = new FakeTimeline();
  timeline.add({ text: 'x'.repeat(60_000) }, {});
  const command = 'exec 0<&-; case "$SKYCHAT_ID" in *1) exit 9 ;; *) kill -9 $$ ;; esac';
  const ended = await run(['tail', '--exec', command, ...(await daemonOf(timeline))]);
  expect(ended.code).toBe(0);
  expect(ended.stderr).toContain(`${message(1).id}: ended with 9`);
  expect(ended.stderr).toContain(`${message(2).id}: ended by SIGKILL`);
});

test('a skychat-node within --exec finds the same daemon', async () => {
  const folder = makeFolder();
  const at = await daemonOf(new FakeTimeline(1));
  const command = 'echo "$SKYCHAT_HTTP $SKYCHAT_DATA" > out';
  await run(['tail', '--exec', command, '--data', 'd', ...at], { cwd: folder });
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(`${at[1] ?? ''} ${folder}/d\n`);
});

test('an interrupt ends the command of --exec as well', async () => {
  const folder = makeFolder();
  const at = await daemonOf(new FakeTimeline(2));
  const command = 'echo $$ >> pids; exec sleep 60';
  const started = start(['tail', '--exec', command, ...at], { cwd: folder });
  const pids = (): string[] => readFileSync(join(folder, 'pids'), 'utf8').trimEnd().split('\n');
  await expect.poll(pids).toHaveLength(1);
  started.interrupt();
  expect(await started.code).toBe(130);
  expect(pids()).toHaveLength(1);
  const alive = (): boolean => {
    try {
      return process.kill(Number(pids()[0]), 0);
    } catch {
      return false;
    }
  };
  await expect.poll(alive).toBe(false);
});
