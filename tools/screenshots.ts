// Takes the pictures of the page that the documents show: three nodes, what three operators say, and
// a browser. `npm run screenshots` writes them to docs/images.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { createKeyFile } from '../src/key-file.ts';

const images = resolve(import.meta.dirname, '../docs/images');
const entry = resolve(import.meta.dirname, '../dist/cli.js');
const executablePath = process.env['SKYCHAT_CHROMIUM'] ?? '/usr/bin/chromium';

interface Node {
  readonly child: ChildProcess;
  readonly pk: string;
  readonly http: string;
  readonly listen: string;
}

const folder = mkdtempSync(join(tmpdir(), 'skychat-pictures-'));
const nodes: Node[] = [];

async function start(name: string, keys: Readonly<Record<string, string>>): Promise<Node> {
  const allowed = Object.values(keys).join(',');
  const to = nodes.flatMap(({ pk, listen }) => ['--peers', `${pk}@${listen}`]);
  const places = ['--data', join(folder, name), '--key', join(folder, `${name}.key`)];
  const ports = ['--http', '127.0.0.1:0', '--listen', '127.0.0.1:0'];
  const words = ['run', '--json', '--name', name, '--allow', allowed, ...places, ...ports, ...to];
  const child = spawn(process.execPath, [entry, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const node = { child, ...(JSON.parse(line) as Omit<Node, 'child'>) };
  nodes.push(node);
  return node;
}

async function ask<T = { id: string }>(
  node: Node,
  method: string,
  path: string,
  json?: unknown,
): Promise<T> {
  const response = await fetch(node.http + path, {
    method,
    ...(json !== undefined && {
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json' },
    }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Asks until it is so. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}

async function say(node: Node, group: string, text: string, more: object = {}): Promise<string> {
  const { id } = await ask(node, 'POST', '/messages', { group, text, ...more });
  for (const each of nodes) {
    await until(async () => (await fetch(`${each.http}/messages/${id}`)).ok);
  }
  return id;
}

async function arrange([alice, bob, carol]: readonly [Node, Node, Node]): Promise<string> {
  const { id: ops } = await ask(alice, 'POST', '/groups', {
    ...{ name: 'ops', encrypted: true, members: [bob.pk, carol.pk] },
  });
  await ask(alice, 'PATCH', `/groups/${ops}`, { topic: 'What is broken, and who is on it' });
  for (const node of [bob, carol]) {
    await until(async () => (await fetch(`${node.http}/groups/${ops}`)).ok);
  }
  await say(bob, 'lobby', 'Good morning. The mirror in Graz is back since 05:12.');
  await say(carol, ops, 'Disk on **db1** is at 97 %, and growing.');
  await say(
    carol,
    ops,
    '```\n$ df -h /var/lib/postgresql\n/dev/sdb1  1.8T  1.7T   41G  97% /var/lib/postgresql\n```',
  );
  const asked = await say(alice, ops, 'Who can take the old snapshots away? @bob', {
    priority: 'urgent',
    ack: true,
  });
  await ask(bob, 'PUT', `/messages/${asked}/ack`);
  await say(bob, ops, 'On it. Two of them are from August, nobody needs those.', {
    reply_to: asked,
  });
  const done = await say(bob, ops, 'Done: `41G` free before, **612G** now.');
  await ask(carol, 'PUT', `/messages/${done}/reactions/${encodeURIComponent('❤️')}`);
  await ask(alice, 'PUT', `/messages/${done}/reactions/${encodeURIComponent('❤️')}`);
  await say(alice, ops, 'Thank you both. Notes are at https://wiki.example.org/db1');
  await say(carol, 'lobby', 'I am away until noon, @alice has the pager.');
  return ops;
}

async function open(node: Node, size: readonly [number, number], theme: 'light' | 'dark') {
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'],
  });
  const [width, height] = size;
  const page = await browser.newPage({
    ...{ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' },
    ...{ locale: 'en-GB', timezoneId: 'UTC' },
  });
  await page.goto(node.http);
  return page;
}

async function shoot(page: Page, name: string): Promise<void> {
  await sleep(1500);
  await page.screenshot({ path: join(images, `${name}.png`) });
  await page.context().browser()?.close();
}

try {
  mkdirSync(images, { recursive: true });
  const keys: Record<string, string> = {};
  for (const name of ['alice', 'bob', 'carol']) {
    keys[name] = createKeyFile(join(folder, `${name}.key`)).publicKey;
  }
  const alice = await start('alice', keys);
  const trio = [alice, await start('bob', keys), await start('carol', keys)] as const;
  await until(async () => {
    const { peers } = await ask<{ peers: { connected: number } }>(alice, 'GET', '/status');
    return peers.connected === 2;
  });
  const ops = await arrange(trio);
  const light = await open(alice, [1180, 740], 'light');
  await light.locator(`a[href="#/g/${ops}"]`).click();
  await light.getByRole('button', { name: 'Network' }).click();
  await shoot(light, 'page-light');
  const phone = await open(alice, [390, 740], 'dark');
  await phone.locator(`a[href="#/g/${ops}"]`).click();
  await shoot(phone, 'page-phone');
} finally {
  for (const { child } of nodes) {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
}
