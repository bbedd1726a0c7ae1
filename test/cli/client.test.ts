import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../src/cli/client.ts';
import { exitCodeOf } from '../../src/cli/failures.ts';
import { writeRuntimeFile } from '../../src/cli/runtime-file.ts';
import {
  alice,
  fakeDaemon,
  makeFolder,
  run,
  sendJson,
  start,
  type Ended,
  type Responder,
} from './harness.ts';

const page = { messages: [], next: '0', more: false };
const empty: Responder = (_, response) => {
  sendJson(response, page);
};

function runtime(data: string, http: string, pid = process.pid): void {
  writeRuntimeFile(data, { pid, pk: alice, listen: null, http });
}

/** A process id that was in use a moment ago and is free now. */
function deadPid(): number {
  return spawnSync('true').pid;
}

async function history(words: string[], env: Record<string, string> = {}): Promise<Ended> {
  return run(['history', '--json', ...words], { env });
}

test('the daemon is found by --http, SKYCHAT_HTTP, the config file, or runtime.json', async () => {
  const { http } = await fakeDaemon(empty);
  const data = makeFolder();
  runtime(data, `http://${http}`);
  const file = join(data, 'config.json');
  writeFileSync(file, JSON.stringify({ http, data: 'elsewhere' }));
  expect((await history(['--http', http])).code).toBe(0);
  expect((await history(['--http', `http://${http}/`])).code).toBe(0);
  expect((await history([], { SKYCHAT_HTTP: http })).code).toBe(0);
  expect((await history(['--config', file])).code).toBe(0);
  expect((await history(['--data', data])).code).toBe(0);
  expect((await history([], { SKYCHAT_DATA: data })).code).toBe(0);
  expect((await history([], { SKYCHAT_DATA: data, SKYCHAT_HTTP: '127.0.0.1:0' })).code).toBe(0);
  expect((await history(['--data', data, '--http', '127.0.0.1:1'])).code).toBe(3);
});

test('options stand before or behind the command', async () => {
  const { http } = await fakeDaemon(empty);
  const ended = await run(['--json', '--http', http, 'history']);
  expect(ended).toMatchObject({ code: 0, stdout: `${JSON.stringify(page)}\n` });
});

test('a Unix socket is reached by --http and by runtime.json', async () => {
  const data = makeFolder();
  const path = join(data, 's');
  const daemon = await fakeDaemon(empty, { path });
  expect((await history(['--http', `unix:${path}`])).code).toBe(0);
  runtime(data, `unix:${path}`);
  expect((await history(['--data', data])).code).toBe(0);
  expect(daemon.received[0]?.headers.host).toBe('localhost');
});

test.each<[string, (data: string) => void, string]>([
  ['nothing is there', () => undefined, 'no daemon runs on'],
  [
    'runtime.json is stale',
    (data) => {
      runtime(data, 'http://127.0.0.1:1', deadPid());
    },
    'is gone',
  ],
  [
    'its port is closed',
    (data) => {
      runtime(data, 'http://127.0.0.1:1');
    },
    'cannot reach',
  ],
  [
    'its socket is gone',
    (data) => {
      runtime(data, `unix:${data}/s`);
    },
    'cannot reach',
  ],
  [
    'runtime.json is cut',
    (data) => {
      writeFileSync(join(data, 'runtime.json'), '{"pid":');
    },
    'no daemon',
  ],
  [
    'runtime.json says something else',
    (data) => {
      writeFileSync(join(data, 'runtime.json'), '[1]');
    },
    'no daemon',
  ],
])('exit 3 with one clear line where %s', async (_, prepare, words) => {
  const data = makeFolder();
  prepare(data);
  const ended = await history(['--data', data]);
  expect(ended).toMatchObject({ code: 3, stdout: '' });
  expect(ended.stderr).toContain(words);
  expect(ended.stderr).toMatch(/^skychat-node: [^\n]+\n$/);
});

test.each<[number, number]>([
  [400, 2],
  [401, 4],
  [403, 4],
  [404, 5],
  [408, 7],
  [409, 6],
  [413, 2],
  [415, 1],
  [422, 2],
  [429, 1],
  [500, 1],
  [503, 1],
  [504, 7],
  [507, 1],
])('a problem with status %i is exit %i, with its detail, code and hint', async (status, code) => {
  const problem = { title: 't', status, detail: 'it was so', code: 'some-code', hint: 'Do that.' };
  const { http } = await fakeDaemon((_, response) => {
    sendJson(response, problem, status);
  });
  const ended = await history(['--http', http]);
  expect(ended).toEqual({
    code,
    stdout: '',
    stderr: 'skychat-node: it was so (some-code). Do that.\n',
  });
});

test.each(['<html>no</html>', '', 'null', '7', '{"detail":5}'])(
  'a refusal that is no problem document is exit 1 (%j)',
  async (body) => {
    const { http } = await fakeDaemon((_, response) => {
      response.writeHead(502).end(body);
    });
    const ended = await history(['--http', http]);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('502');
  },
);

test('F51 a refusal cannot move the cursor of the terminal', async () => {
  const { http } = await fakeDaemon((_, response) => {
    sendJson(response, { detail: 'a\u001b[2J\nb', status: 404 }, 404);
  });
  expect((await history(['--http', http])).stderr).toBe('skychat-node: a\\x1b[2J b\n');
});

test('something else on the port is named, not printed', async () => {
  const { http } = await fakeDaemon((_, response) => response.end('<html>'));
  const ended = await history(['--http', http]);
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toContain('not a skychat-node');
});

test('a port that speaks no HTTP is exit 3', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('garbage\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect((await history(['--http', `127.0.0.1:${port}`])).code).toBe(3);
});

test('the token of --http-token-file is sent, and none otherwise', async () => {
  const daemon = await fakeDaemon(empty);
  const file = join(makeFolder(), 'token');
  writeFileSync(file, ' s3cret\n');
  await history(['--http', daemon.http, '--http-token-file', file]);
  await history(['--http', daemon.http]);
  const tokens = daemon.received.map(({ headers }) => headers.authorization);
  expect(tokens).toEqual(['Bearer s3cret', undefined]);
});

test.each(['', 'two words', 'a\nb', 'ä', 'x'.repeat(20_000)])(
  'a token file that holds no token is exit 2, and its text is not shown (%#)',
  async (text) => {
    const daemon = await fakeDaemon(empty);
    const file = join(makeFolder(), 'token');
    writeFileSync(file, text);
    const ended = await history(['--http', daemon.http, '--http-token-file', file]);
    expect(ended.code).toBe(2);
    if (text !== '') expect(ended.stderr).not.toContain(text);
    expect(daemon.received).toHaveLength(0);
  },
);

test('a token file that is absent is exit 2', async () => {
  expect((await history(['--http', '127.0.0.1:1', '--http-token-file', '/none'])).code).toBe(2);
});

test('an interrupt ends a question that has no answer with 130', async () => {
  const daemon = await fakeDaemon(() => {
    started.interrupt();
  });
  const started = start(['status', '--http', daemon.http]);
  expect(await started.code).toBe(130);
});

test('a daemon that never answers is not waited for without end', async () => {
  const daemon = await fakeDaemon(() => undefined);
  const http = { kind: 'tcp', host: '127.0.0.1', port: daemon.port } as const;
  const config = { http, data: '/', keyFile: '/', advertise: [], httpTokenFile: undefined };
  const { signal } = new AbortController();
  const asked = new Client(config).ask({ path: '/status', timeoutMs: 20, signal });
  const error: unknown = await asked.catch((reason: unknown) => reason);
  expect(String(error)).toContain('does not answer');
  expect(exitCodeOf(error)).toBe(3);
});

test('an answer that is larger than the client takes is refused', async () => {
  const daemon = await fakeDaemon((_, response) => {
    const part = Buffer.alloc(1024 * 1024, ' ');
    const more = (): void => {
      while (!response.destroyed && response.write(part));
    };
    response.on('drain', more);
    more();
  });
  const ended = await history(['--http', daemon.http]);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('larger than this client takes');
});
