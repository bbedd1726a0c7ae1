// A disk that is full or read-only, made by a mount of its own where this user may mount, and a process
// that may open no more files.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { mayMount } from '../support/mounts.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

const canMount = mayMount(workspace.folder, 'the tests of full disks');

test.skipIf(!canMount)(
  'F56 on a full disk a post is 507 and not acknowledged, reading goes on, and posts are taken again once there is room',
  async () => {
    const data = workspace.path('small');
    mkdirSync(data);
    const node = await Daemon.make(workspace, 'full', { data });
    const script = `mount -t tmpfs -o size=24m none ${data} && exec "$@"`;
    await node.startWithin(['unshare', '-rm', 'sh', '-c', script, '-']);
    // The mount is only there for the process that made it.
    const inside = join('/proc', String(node.process?.pid), 'root', data);
    const acknowledged = new Set([(await node.post('while there is room')).id]);
    const text = 'x'.repeat(60_000);
    let refusals = 0;
    const filler = join(inside, 'filler');
    try {
      writeFileSync(filler, new Uint8Array(32 * 1024 * 1024));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
    for (let i = 0; i < 400 && refusals < 3; i++) {
      const answer = await node.ask<{ id: string; code: string }>('POST', '/messages', {
        body: text,
      });
      if (answer.status === 201) {
        acknowledged.add(answer.body.id);
        continue;
      }
      expect(answer).toMatchObject({ status: 507, body: { code: 'disk-full' } });
      refusals++;
    }
    expect(refusals).toBe(3);
    expect((await node.status()).counters.refused['disk-full']).toBe(3);
    const shown = async (): Promise<string[]> => (await node.arrivals()).map(({ id }) => id);
    expect(new Set(await shown())).toEqual(acknowledged);

    rmSync(filler);
    const again = async (): Promise<boolean> => {
      const answer = await node.ask<{ id: string }>('POST', '/messages', { body: 'room again' });
      if (answer.status === 201) acknowledged.add(answer.body.id);
      return answer.status === 201;
    };
    await node.until('room', again);
    acknowledged.add((await node.post('and on')).id);
    expect(new Set(await shown())).toEqual(acknowledged);
    expect((await node.arrivals()).map(({ seq }) => seq)).toEqual(
      Array.from({ length: acknowledged.size }, (_, i) => i + 1),
    );
  },
);

test.skipIf(!canMount)(
  'F56 a read-only data directory ends the start with one clear line',
  async () => {
    const node = await Daemon.start(workspace, 'read-only');
    await node.post('before');
    await node.stop();
    const script = `mount --bind ${node.data} ${node.data} && mount -o remount,bind,ro ${node.data} && exec "$@"`;
    const words = ['-rm', 'sh', '-c', script, '-', process.execPath, ...node.command];
    const ended = await workspace.run('unshare', words);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^skychat-node: [^\n]*read-only[^\n]*\n$/i);
    await node.start();
    expect(await node.texts()).toEqual(['before']);
  },
);

test('F56 a node that may open no more files keeps what it has acknowledged, and goes on once it may', async () => {
  const node = await Daemon.make(workspace, 'files');
  await node.startWithin(['sh', '-c', 'ulimit -n 256 && exec "$@"', '-']);
  const acknowledged = [(await node.post('before')).id];
  const { hostname, port } = new URL(node.http);
  const sockets = Array.from({ length: 400 }, () => {
    const socket = connect(Number(port), hostname);
    // What the node cannot take is closed, by it or by the kernel.
    return socket.on('error', () => undefined);
  });
  // More than there are places: at least one is turned away.
  await Promise.race(
    sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
  // Over a connection that was there before, or not at all.
  const signal = AbortSignal.timeout(2000);
  const answer = await node
    .ask<{ id: string }>('POST', '/messages', { body: 'meanwhile', signal })
    .catch(() => undefined);
  if (answer?.status === 201) acknowledged.push(answer.body.id);
  for (const socket of sockets) socket.destroy();
  const again = async (): Promise<boolean> => {
    const later = await node
      .ask<{ id: string }>('POST', '/messages', {
        body: 'after',
        signal: AbortSignal.timeout(20_000),
      })
      .catch(() => undefined);
    if (later?.status === 201) acknowledged.push(later.body.id);
    return later?.status === 201;
  };
  await node.until('a post', again);
  expect((await node.arrivals()).map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
  await node.stop();
  await node.start();
  expect((await node.arrivals()).map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
});
