// How nodes find each other, and go on when they do not.
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { MessageView } from '../../src/chat/view.ts';
import { createKeyFile } from '../../src/key-file.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

/** Both have what the other posts. */
async function expectExchange(a: Daemon, b: Daemon): Promise<void> {
  const posted = await Promise.all([a.post(`by ${a.name}`), b.post(`by ${b.name}`)]);
  for (const node of [a, b]) {
    for (const { id } of posted) {
      const has = async (): Promise<boolean> =>
        (await node.ask('GET', `/messages/${id}`)).status === 200;
      await node.until('a message', has);
    }
  }
}

test('F12 a node whose first eight peers never answer is linked with the ninth as if they were not there', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const dead = Array.from({ length: 8 }, (_, i) => {
    const { publicKey } = createKeyFile(workspace.path(`silent-${i}.key`));
    return `${publicKey}@127.0.0.1:${port}`;
  });
  const b = await Daemon.make(workspace, 'ninth-b');
  const peers = [...dead, b.address].join();
  const a = await Daemon.make(workspace, 'ninth-a', { flags: ['--peers', peers] });
  b.flags.push('--allow', a.pk);
  await b.start();
  await a.start();
  await a.untilConnected(b);
  // The attempts on the others go on, or were given up only after this link was there.
  const linkedAt = (await a.peer(b.pk))?.since ?? '';
  for (const { pk, state, since } of await a.peers()) {
    if (pk !== b.pk && state !== 'dialing') expect(since >= linkedAt).toBe(true);
  }
  await a.until('the other attempts', () => Promise.resolve(sockets.size >= 8));
  expect((await a.status()).peers).toEqual({ known: 9, connected: 1 });
  await expectExchange(a, b);
});

test('a node whose only peer is not there yet takes posts, and hands them over once it is', async () => {
  const b = await Daemon.make(workspace, 'later-b');
  const a = await Daemon.start(workspace, 'later-a', { flags: ['--peers', b.address] });
  const { id } = await a.post('before anybody was there');
  const tried = async (): Promise<boolean> => (await a.peer(b.pk))?.state === 'waiting';
  await a.until('a failed attempt', tried);
  expect((await a.peer(b.pk))?.reason).toMatch(/^connection refused/);
  b.flags.push('--allow', a.pk);
  await b.start();
  await b.untilMessages(1);
  expect((await b.arrivals()).map((each) => each.id)).toEqual([id]);
});

test('F08 F28 two nodes that start at the same moment and dial each other keep one link, and keep it', async () => {
  const [a, b] = await Promise.all([
    Daemon.make(workspace, 'dual-a'),
    Daemon.make(workspace, 'dual-b'),
  ]);
  a.flags.push('--peers', b.address);
  b.flags.push('--peers', a.address);
  await Promise.all([a.start(), b.start()]);
  await Promise.all([a.untilConnected(b), b.untilConnected(a)]);
  await expectExchange(a, b);
  const links = async () => (await Promise.all([a.peer(b.pk), b.peer(a.pk)])).map((p) => p?.since);
  const since = await links();
  for (let i = 0; i < 100; i++) {
    await Promise.all([a.post(`a ${i}`), b.post(`b ${i}`)]);
  }
  await Promise.all([a.untilMessages(202), b.untilMessages(202)]);
  expect(await links()).toEqual(since);
  for (const node of [a, b])
    expect((await node.status()).peers).toEqual({ known: 1, connected: 1 });
});

test('a peer that was added by POST /peers is dialed after a restart, and one that was removed is not', async () => {
  const a = await Daemon.start(workspace, 'kept-a');
  const b = await Daemon.start(workspace, 'kept-b', { flags: ['--allow', a.pk] });
  const c = await Daemon.start(workspace, 'kept-c', { flags: ['--allow', a.pk] });
  const added = await a.ask('POST', '/peers', { json: { address: b.address } });
  expect(added).toMatchObject({ status: 201, body: { pk: b.pk, address: `127.0.0.1:${b.port}` } });
  const cli = await workspace.cli(['peers', 'add', c.address, '--data', a.data]);
  expect(cli.code, cli.stderr).toBe(0);
  await a.untilConnected(b, c);
  await expectExchange(a, b);
  await a.kill();
  await a.start();
  await a.untilConnected(b, c);

  expect((await a.ask('DELETE', `/peers/${c.pk}`)).status).toBe(204);
  expect(await a.peer(c.pk)).toBeUndefined();
  await a.kill();
  await a.start();
  await a.untilConnected(b);
  expect((await a.peers()).map(({ pk }) => pk)).toEqual([b.pk]);
});

test('--open takes in a key that nobody has named, for good', async () => {
  const b = await Daemon.start(workspace, 'open-b', { flags: ['--open'] });
  const a = await Daemon.start(workspace, 'open-a', { flags: ['--peers', b.address] });
  await b.untilConnected(a);
  await expectExchange(a, b);
  await b.kill();
  await b.start();
  await b.untilConnected(a);
  await expectExchange(a, b);
});

test('peers are reached by an IPv6 address, by a host name, and by --via with a scheme', async () => {
  const six = await Daemon.make(workspace, 'six', { host: '[::1]' });
  const named = await Daemon.make(workspace, 'named');
  const schemed = await Daemon.make(workspace, 'schemed');
  const flags = [
    ...['--peers', `${six.address},${named.pk.toUpperCase()}@localhost:${named.port}`],
    ...['--via', `tcp://${schemed.pk}@127.0.0.1:${schemed.port}`, '--no-listen'],
  ];
  const a = await Daemon.start(workspace, 'dials-only', { flags });
  for (const node of [six, named, schemed]) {
    node.flags.push('--allow', a.pk);
    await node.start();
  }
  await a.untilConnected(six, named, schemed);
  for (const node of [six, named, schemed]) await expectExchange(a, node);
  expect((await a.peer(six.pk))?.address).toBe(`[::1]:${six.port}`);
  expect((await a.status()).listen).toBeNull();
});

test('the HTTP surface on a Unix socket is its owner’s alone, and found by the commands', async () => {
  const path = workspace.path('http.sock');
  const node = await Daemon.start(workspace, 'unix', { flags: ['--http', `unix:${path}`] });
  expect(node.http).toBe(`unix:${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const curl = ['-s', '--unix-socket', path];
  const posted = await workspace.run('curl', [...curl, '-d', 'hi', 'http://localhost/messages']);
  const { id } = JSON.parse(posted.stdout) as MessageView;
  const tail = await workspace.cli(['tail', '--json', '--data', node.data]);
  expect(JSON.parse(tail.stdout)).toMatchObject({ id, text: 'hi' });
  await node.kill();
  // What a kill leaves behind is no obstacle.
  await node.start();
  const again = await workspace.run('curl', [...curl, `http://localhost/messages/${id}`]);
  expect(JSON.parse(again.stdout)).toMatchObject({ text: 'hi' });
});
