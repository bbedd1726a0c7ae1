// The event stream as clients read it that others wrote: a browser, the package eventsource, and curl,
// each by the example of docs/EVENTS.md, while the node is killed, stopped and started again.
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EventSource } from 'eventsource';
import { expect, onTestFinished, test } from 'vitest';
import { noChromium, openBrowser } from '../support/chromium.ts';
import { Daemon, freePort } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { blocksOf } from '../support/transcript.ts';

const workspace = useWorkspace();
const page = readFileSync('docs/EVENTS.md', 'utf8');
const [shellExample = ''] = blocksOf(page, 'sh');
const [browserExample = '', nodeExample = ''] = blocksOf(page, 'js');

/** A node whose control surface stays at one address over its restarts. */
async function startNode(name: string): Promise<Daemon> {
  const http = `127.0.0.1:${await freePort()}`;
  return Daemon.start(workspace, name, { flags: ['--http', http] });
}

function at(node: Daemon, example: string): string {
  return example.replaceAll('127.0.0.1:8001', new URL(node.http).host);
}

/** Posts around a kill and a stop; gives the texts in the order of their arrival. */
async function live(node: Daemon, name: string): Promise<string[]> {
  const texts: string[] = [];
  const say = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const text = `${name} ${texts.length}`;
      texts.push(text);
      await node.post(text);
    }
  };
  await say(5);
  await node.kill();
  await node.start();
  await say(5);
  await node.stop();
  await node.start();
  await say(5);
  return texts;
}

test('F47 curl, by the shell example, prints each message once over a kill and a restart of the node', async () => {
  const node = await startNode('curl');
  const script = workspace.path('events.sh');
  writeFileSync(script, at(node, shellExample));
  const shell = workspace.spawn('sh', [script], { cwd: workspace.folder });
  await node.until('the reader', async () => {
    await node.post('first');
    return shell.stdout.all.length > 0;
  });
  const texts = await live(node, 'curl');
  await shell.stdout.find((line) => line.includes(texts.at(-1) ?? ''));
  shell.destroy();
  const seen = shell.stdout.all.map((line) => (JSON.parse(line) as { text: string }).text);
  expect(seen.filter((text) => text !== 'first')).toEqual(texts);
});

test('F47 the package eventsource, by the node example, has each message once', async () => {
  const node = await startNode('package');
  const script = workspace.path('events.mjs');
  symlinkSync(resolve('node_modules'), workspace.path('node_modules'));
  writeFileSync(script, at(node, nodeExample));
  const client = workspace.spawn(process.execPath, [script]);
  const texts = await live(node, 'node');
  await client.stdout.find((line) => line.endsWith(texts.at(-1) ?? ''));
  client.destroy();
  expect(client.stdout.all.map((line) => line.replace(/^.*?: /, ''))).toEqual(texts);
});

test('the package eventsource is told each kind of event by its name, and of the end', async () => {
  const node = await startNode('kinds');
  const source = new EventSource(`${node.http}/events`);
  onTestFinished(() => {
    source.close();
  });
  const seen: { event: string; data: unknown; id: string }[] = [];
  const kinds = ['message', 'edit', 'reaction', 'pin', 'delete', 'read', 'group', 'shutdown'];
  for (const event of kinds) {
    source.addEventListener(event, ({ data, lastEventId }) => {
      seen.push({ event, data: JSON.parse(data as string) as unknown, id: lastEventId });
    });
  }
  await new Promise((opened) => {
    source.addEventListener('open', opened);
  });
  const { id } = await node.post('one');
  await node.ask('PATCH', `/messages/${id}`, { json: { text: 'two' } });
  await node.ask('PUT', `/messages/${id}/reactions/%F0%9F%91%8D`);
  await node.ask('PUT', '/groups/lobby/read', { json: { cursor: 'now' } });
  await node.ask('DELETE', `/messages/${id}`);
  const { body: group } = await node.ask<object>('POST', '/groups', { json: { name: 'ops' } });
  await expect.poll(() => seen.some(({ event }) => event === 'group')).toBe(true);
  await node.stop();
  await expect.poll(() => seen.at(-1)?.event).toBe('shutdown');
  const names = seen.map(({ event }) => event);
  expect(names.filter((event) => !['read', 'group'].includes(event))).toEqual([
    ...['message', 'edit', 'reaction', 'delete', 'shutdown'],
  ]);
  const read = seen.find(({ event }) => event === 'read');
  expect(read?.data).toMatchObject({ unread: 0, mentions: 0 });
  const told = seen.find(({ event }) => event === 'group');
  expect(told?.data).toEqual(group);
  expect(seen.every((event) => /^\d{16}$/.test(event.id))).toBe(true);
});

test.skipIf(noChromium !== undefined)(
  'F47 a browser, by the browser example, has each message once and comes back by itself',
  async () => {
    const node = await startNode('browser');
    const browser = await openBrowser();
    const tab = await browser.newPage();
    await tab.goto(`${node.http}/healthz`);
    await tab.evaluate('globalThis.seen = []; globalThis.show = (message) => seen.push(message)');
    // As a script of the page would be, but for its file.
    await tab.evaluate(`${browserExample}; new Promise((opened) => { source.onopen = opened })`);
    const texts = await live(node, 'browser');
    const seen = (): Promise<string[]> => tab.evaluate('seen.map(({ text }) => text)');
    await expect.poll(async () => (await seen()).length).toBe(texts.length);
    expect(await seen()).toEqual(texts);
  },
);
