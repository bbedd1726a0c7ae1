// What the log holds, and what it never holds: texts, names of groups, tokens, the secret key.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Daemon, type LogLine } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

const secret = 'xyzzy-marker-7f3a';

/** Bytes to a port that wants other ones; resolves when the other side has had enough of them. */
async function shout(port: number, bytes: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.end(bytes);
  socket.resume();
  await once(socket, 'close');
}

test('no log line holds a text, a token, a name that was given or the secret, whatever goes wrong', async () => {
  const token = workspace.path('token');
  writeFileSync(token, `${secret}-token\n`);
  const b = await Daemon.make(workspace, 'quiet-b');
  const flags = ['--log-level', 'debug', '--http-token-file', token, '--peers', b.address];
  const a = await Daemon.start(workspace, 'quiet-a', { flags });
  b.flags.push('--allow', a.pk, '--log-level', 'debug');
  await b.start();
  const headers = { authorization: `Bearer ${secret}-token` };
  const ask = (method: string, path: string, body?: string, more = {}) =>
    a.ask(method, path, { headers: { ...headers, ...more }, ...(body !== undefined && { body }) });
  expect((await ask('POST', '/messages', `${secret} said`)).status).toBe(201);
  expect(
    (
      await ask('POST', '/groups', `{"name":"${secret}","encrypted":true}`, {
        'content-type': 'application/json',
      })
    ).status,
  ).toBe(201);
  await b.untilMessages(1);
  // Refusals of all kinds, each with the marker where a careless line would show it.
  const json = { 'content-type': 'application/json' };
  const refused = [
    await ask('POST', '/messages', `{"text":"${secret}`, json),
    await ask('POST', '/messages', `{"${secret}":1}`, json),
    await ask('GET', `/messages?after=${secret}`),
    await ask('GET', `/messages/${secret}`),
    await ask('GET', `/${secret}?q=${secret}`),
    await ask('POST', '/peers', secret),
    await ask('GET', `/groups/${secret}-unknown`),
    await ask('POST', '/messages', secret, { 'content-type': `${secret}/x` }),
    await a.ask('GET', '/status', { headers: { authorization: `Bearer ${secret}-wrong` } }),
    await ask('GET', '/status', undefined, { origin: `http://${secret}.example` }),
    await ask('POST', '/groups/join', `skychat://${secret}`),
  ];
  for (const { status } of refused) expect(status).toBeGreaterThanOrEqual(400);
  const { port } = new URL(a.http);
  await shout(Number(port), `${secret} is no request\r\n\r\n`);
  await shout(a.port, `GET /${secret} HTTP/1.1\r\n\r\n`);
  await shout(a.port, secret.repeat(20));
  await a.stop();
  await b.stop();
  const seed = readFileSync(a.key, 'utf8').trim();
  for (const node of [a, b]) {
    const log = node.process?.stderr.all.join('\n') ?? '';
    expect(log).not.toBe('');
    expect(log).not.toContain(secret);
    expect(log).not.toContain(seed);
    for (const line of node.log) expectStructured(line);
  }
});

function expectStructured(line: LogLine): void {
  expect(['debug', 'info', 'warn', 'error']).toContain(line.level);
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(line.msg.length).toBeGreaterThan(0);
}

test('each event that docs/OPERATIONS.md names is a line in the sources', () => {
  const page = readFileSync('docs/OPERATIONS.md', 'utf8');
  const [, section = ''] = page.split('\n## The log\n');
  const [table = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const events = [...table.matchAll(/^\| `([^`]+)` +\| (?:info|warn|error)/gm)].map(
    ([, event = '']) => event,
  );
  expect(events.length).toBeGreaterThan(8);
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
  const sources = files
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join('src', path), 'utf8'))
    .join('\n')
    .replaceAll("\\'", "'");
  for (const event of events) expect(sources.includes(event), event).toBe(true);
});
