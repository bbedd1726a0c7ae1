// Tokens and hooks of a real node: what a program may, and that its receivers miss nothing.
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, describe, expect, test } from 'vitest';
import type { MessageView, Page } from '../../src/chat/view.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace('file');

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

interface Received {
  readonly id: string;
  readonly text: string;
  readonly isVerified: boolean;
}

/** Keeps what it was sent, and answers as it is told. */
class Receiver {
  readonly received: Received[] = [];
  /** What is done with the nth request, from 0 on. */
  answer: (response: ServerResponse, nth: number) => void = (response) => response.end();
  secret = '';
  url = '';
  #waiting: (() => void)[] = [];

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    const server = createServer((request, response) => {
      receiver.#take(request).then(
        (nth) => {
          receiver.answer(response, nth);
        },
        () => response.destroy(),
      );
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    servers.push(server);
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`;
    return receiver;
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #take(request: IncomingMessage): Promise<number> {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += String(part);
    const headers = request.headers as Record<string, string>;
    let isVerified = true;
    try {
      new Webhook(this.secret).verify(body, headers);
    } catch {
      isVerified = false;
    }
    const { data } = JSON.parse(body) as { data: MessageView };
    const id = headers['webhook-id'] ?? '';
    const nth = this.received.push({ id, text: data.text, isVerified }) - 1;
    for (const wake of this.#waiting.splice(0)) wake();
    return nth;
  }
}

async function hookOf(node: Daemon, receiver: Receiver, over: object = {}): Promise<string> {
  const json = { name: 'deploy', url: receiver.url, ...over };
  const { body } = await node.ask<{ id: string; secret: string }>('POST', '/hooks', { json });
  receiver.secret = body.secret;
  return body.id;
}

async function makeToken(node: Daemon, draft: object): Promise<Record<string, string>> {
  const { body, status } = await node.ask<{ token: string }>('POST', '/tokens', { json: draft });
  expect(status).toBe(201);
  return { authorization: `Bearer ${body.token}` };
}

describe.concurrent('bots', () => {
  test('F57 a receiver that fails, hangs, refuses and works gets every message, over a kill -9 of the node', async () => {
    const node = await Daemon.start(workspace, 'kill');
    const receiver = await Receiver.open();
    await hookOf(node, receiver);
    receiver.answer = (response, nth) => {
      if (nth === 0) response.writeHead(500).end();
      else if (nth === 1) response.destroy();
      // The third is never answered.
      else if (nth > 2) response.end();
    };
    const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
    for (const text of texts.slice(0, 10)) await node.post(text);
    await receiver.until(() => receiver.received.length >= 3);
    await node.kill();
    receiver.answer = (response, nth) => {
      if (nth === 6) response.writeHead(503).end();
      else response.end();
    };
    await node.start();
    for (const text of texts.slice(10)) await node.post(text);
    await receiver.until(() => receiver.texts.includes('text 12'));
    await node.kill();
    await node.start();
    await receiver.until(() => receiver.texts.includes('text 19'));
    expect(receiver.received.every(({ isVerified }) => isVerified)).toBe(true);
    // Each at least once and in order; what came twice came with the same id.
    expect([...new Set(receiver.texts)]).toEqual(texts);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(texts.length);
  });

  test('one receiver that hangs keeps no other waiting, and a stop waits for neither', async () => {
    const node = await Daemon.start(workspace, 'hang');
    const [hanging, quick] = [await Receiver.open(), await Receiver.open()];
    hanging.answer = () => undefined;
    await hookOf(node, hanging);
    await hookOf(node, quick);
    for (let i = 0; i < 5; i++) await node.post(`text ${i}`);
    await quick.until(() => quick.received.length === 5);
    await hanging.until(() => hanging.received.length > 0);
    expect(new Set(hanging.texts)).toEqual(new Set(['text 0']));
    await node.stop();
  });

  test('an answer becomes a reply that other nodes show with the name of the hook and of its node', async () => {
    const b = await Daemon.make(workspace, 'reply-b');
    const a = await Daemon.start(workspace, 'reply-a', {
      flags: ['--peers', b.address, '--name', 'alice'],
    });
    b.flags.push('--allow', a.pk);
    await b.start();
    await a.untilConnected(b);
    const receiver = await Receiver.open();
    receiver.answer = (response) => response.end(JSON.stringify({ text: 'deployed' }));
    await hookOf(a, receiver);
    const asked = await b.post('deploy db1');
    await b.untilMessages(2);
    const reply = (await b.arrivals()).find(({ reply_to: to }) => to === asked.id);
    expect(reply).toMatchObject({
      ...{ text: 'deployed', name: 'deploy', bot: true, node_name: 'alice', author: a.pk },
    });
    // Neither it nor what another bot says comes back.
    const headers = await makeToken(a, { name: 'ci' });
    await a.post('built', { headers });
    await a.post('the last one');
    await receiver.until(() => receiver.texts.includes('the last one'));
    expect(receiver.texts).toEqual(['deploy db1', 'the last one']);
  });

  test('a token survives a kill -9 and is limited to its group, also an encrypted one', async () => {
    const node = await Daemon.start(workspace, 'token');
    const make = (name: string) =>
      node.ask<{ id: string }>('POST', '/groups', { json: { name, encrypted: true } });
    const { body: ops } = await make('ops');
    await make('board');
    const headers = await makeToken(node, { name: 'grafana', groups: ['ops'] });
    const hidden = await node.ask<MessageView>('POST', '/messages', {
      json: { text: 'salaries', group: 'board' },
    });
    const posted = await node.post('disk full', { headers });
    expect(posted).toMatchObject({ group: ops.id, name: 'grafana', bot: true });
    await node.kill();
    await node.start();
    const read = async (path: string) => (await node.ask<Page>('GET', path, { headers })).body;
    for (const path of ['?limit=50', '?after=0', '?q=salaries OR full', '?q=full']) {
      const body = JSON.stringify(await read(`/messages${path}`));
      expect(body, path).not.toContain('salaries');
    }
    expect((await read('/messages?after=0')).messages.map(({ text }) => text)).toEqual([
      'disk full',
    ]);
    for (const path of [
      ...[
        `/messages/${hidden.body.id}`,
        `/messages/${hidden.body.id}/proof`,
        '/messages?group=board',
      ],
      ...[
        '/messages?q=in:board salaries',
        '/messages?group=nowhere',
        '/status',
        '/peers',
        '/tokens',
      ],
    ]) {
      const answer = await node.ask<{ code: string }>('GET', path, { headers });
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'not-permitted']);
    }
    // An answer goes where its question stands, if that may be read at all.
    const answer = await node.ask<MessageView>('POST', '/messages', {
      json: { text: 'done', reply_to: hidden.body.id },
    });
    expect(answer.body).toMatchObject({ group: hidden.body.group, reply_to: hidden.body.id });
    const forbidden = await node.ask<{ code: string }>('POST', '/messages', {
      ...{ headers, json: { text: 'whose?', reply_to: hidden.body.id } },
    });
    expect([forbidden.status, forbidden.body.code]).toEqual([403, 'not-permitted']);
    const page = await read(`/messages?before=${hidden.body.id}`);
    expect(page.messages.map(({ text }) => text)).toEqual([]);
  });

  test('with --http-token-file tokens open as far as they reach, and a hook by its URL', async () => {
    const file = join(workspace.folder, 'master.token');
    writeFileSync(file, 'a-long-master-token\n');
    const node = await Daemon.start(workspace, 'master', { flags: ['--http-token-file', file] });
    const master = { authorization: 'Bearer a-long-master-token' };
    const json = { name: 'ci' };
    expect((await node.ask('POST', '/hooks', { json })).status).toBe(401);
    const hook = await node.ask<{ post_to: string; id: string }>('POST', '/hooks', {
      json,
      headers: master,
    });
    const posted = await fetch(hook.body.post_to, { method: 'POST', body: '{"text":"built"}' });
    expect([posted.status, await posted.text()]).toEqual([200, 'ok']);
    const [message] = (await node.ask<Page>('GET', '/messages', { headers: master })).body.messages;
    expect(message).toMatchObject({ text: 'built', name: 'ci', bot: true });
    // Neither what opens nor what was said is in the log.
    await node.ask('DELETE', `/hooks/${hook.body.id}`, { headers: master });
    expect((await fetch(hook.body.post_to, { method: 'POST', body: 'x' })).status).toBe(404);
    const log = JSON.stringify(node.log);
    expect(log).not.toMatch(/skh_|a-long-master|built/);
  });
});
