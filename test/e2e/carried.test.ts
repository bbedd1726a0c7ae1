// Bundles where it is not easy, with real processes: sealed groups by the hands of those who cannot read
// them, and disks that fill on the way.
import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GroupView, Page } from '../../src/chat/view.ts';
import { mayMount } from '../support/mounts.ts';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

const canMount = mayMount(workspace.folder, 'imports on full disks');

interface Report {
  readonly messages: number;
  readonly stored: number;
  readonly known: number;
  readonly refused: number;
}

function at(node: Daemon): string[] {
  return ['--http', node.http.replace('http://', '')];
}

async function exportFrom(node: Daemon, file: string, ...more: readonly string[]): Promise<string> {
  const path = workspace.path(file);
  const ended = await workspace.cli(['export', ...at(node), ...more, path]);
  expect(ended).toMatchObject({ code: 0 });
  return path;
}

async function importInto(node: Daemon, file: string): Promise<Report> {
  const ended = await workspace.cli(['import', ...at(node), '--json', file]);
  expect(ended).toMatchObject({ code: 0 });
  return JSON.parse(ended.stdout) as Report;
}

async function textsIn(node: Daemon, group: string): Promise<string[]> {
  const { messages } = await node.get<Page>(`/messages?group=${group}&limit=1000`);
  return messages.map(({ text }) => text);
}

test('a sealed group goes by hand over one who is no member and reads none of it, to one who is', async () => {
  const alice = await Daemon.make(workspace, 'alice');
  const flags = ['--peers', alice.address, '--advertise', 'none'];
  const bob = await Daemon.make(workspace, 'bob', { flags });
  const carol = await Daemon.make(workspace, 'carol', { flags });
  alice.flags.push('--allow', `${bob.pk},${carol.pk}`, '--advertise', 'none');
  bob.flags.push('--allow', carol.pk);
  carol.flags.push('--allow', bob.pk);
  const all = [alice, bob, carol];
  await Promise.all(all.map((node) => node.start()));
  await alice.untilConnected(bob, carol);
  const made = await alice.ask<GroupView>('POST', '/groups', {
    json: { name: 'vault', encrypted: true, members: [bob.pk] },
  });
  expect(made.status).toBe(201);
  const { id } = made.body;
  const say = (text: string): Promise<unknown> =>
    alice.ask('POST', '/messages', { json: { group: id, text } });
  await say('over the link');
  await bob.until('the group', async () => {
    const { status } = await bob.ask('GET', `/groups/${id}`);
    return status === 200 && (await textsIn(bob, id)).length === 1;
  });
  // She carries the group: she has its feeds, and no more of them than that.
  await carol.until('the sealed feeds', async () => {
    return (await carol.feeds()).some(({ group }) => group === id);
  });
  await Promise.all([bob.stop(), carol.stop()]);
  const secret = 'carried by hand only';
  await say(secret);
  await alice.post('to all');
  const first = await exportFrom(alice, 'first.bundle');
  await alice.stop();

  await carol.start();
  expect(await importInto(carol, first)).toMatchObject({ refused: 0 });
  const shown = await carol.ask<string>('GET', '/messages?limit=1000&format=ndjson');
  expect(shown.body).toContain('to all');
  expect(shown.body).not.toContain(secret);
  expect(await carol.ask('GET', `/messages?group=${id}`)).toMatchObject({ status: 404 });
  const second = await exportFrom(carol, 'second.bundle');
  await carol.stop();

  await bob.start();
  const { stored, refused } = await importInto(bob, second);
  expect(refused).toBe(0);
  expect(stored).toBeGreaterThanOrEqual(2);
  expect(await textsIn(bob, id)).toEqual(['over the link', secret]);
  expect(await importInto(bob, first)).toMatchObject({ stored: 0, refused: 0 });
  expect(await textsIn(bob, id)).toEqual(['over the link', secret]);

  // One who is in neither the group nor the room takes none of it.
  const dave = await Daemon.start(workspace, 'dave', { flags: ['--room', 'elsewhere'] });
  const stranger = await workspace.cli(['import', ...at(dave), second]);
  expect(stranger.code).toBe(1);
  expect(stranger.stderr).toContain('unknown-group');
  expect((await dave.status()).feeds).toBe(0);
});

test.skipIf(!canMount)(
  'F56 an import onto a disk that fills says so, keeps what it has said is there, and is finished by the same import',
  async () => {
    const source = await Daemon.make(workspace, 'source');
    const data = workspace.path('small');
    mkdirSync(data);
    const node = await Daemon.make(workspace, 'filling', { data, flags: ['--allow', source.pk] });
    await source.start();
    const texts = Array.from({ length: 120 }, (_, i) => `${i} ${'x'.repeat(60_000)}`);
    for (const text of texts) await source.post(text);
    const file = await exportFrom(source, 'large.bundle');
    await source.stop();
    expect(statSync(file).size).toBeGreaterThan(7_000_000);

    const script = `mount -t tmpfs -o size=64m none ${data} && exec "$@"`;
    await node.startWithin(['unshare', '-rm', 'sh', '-c', script, '-']);
    // The mount is only there for the process that made it. Four megabytes are left on it.
    const filler = join('/proc', String(node.process?.pid), 'root', data, 'filler');
    const { bavail, bsize } = statfsSync(join(filler, '..'));
    writeFileSync(filler, new Uint8Array(bavail * bsize - 4 * 1024 * 1024));
    const ended = await workspace.cli(['import', ...at(node), file]);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('(disk-full)');
    expect(ended.stderr).toContain('the same import again brings the rest');
    const told = Number(/: (\d+) new messages are in and stay/.exec(ended.stderr)?.[1] ?? 0);
    const there = await node.texts();
    expect(there.length).toBeGreaterThanOrEqual(told);
    expect(there.length).toBeLessThan(texts.length);
    expect(there).toEqual(texts.slice(0, there.length));

    rmSync(filler);
    await node.until('that it is taken', async () => {
      const again = await workspace.cli(['import', ...at(node), '--json', file]);
      if (again.code !== 0) return false;
      const { stored, known, messages, refused } = JSON.parse(again.stdout) as Report;
      expect([stored + known, refused]).toEqual([messages, 0]);
      return true;
    });
    expect(await node.texts()).toEqual(texts);
    expect((await node.arrivals()).map(({ text }) => text)).toEqual(texts);
  },
);
