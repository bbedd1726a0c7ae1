// Twelve processes that know of each other by one address.
import { expect, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();
const listen = ['--listen', '127.0.0.1:0'];

/** Where it listens at present, on a port that it picked. */
async function addressOf(node: Daemon): Promise<string> {
  return `${node.pk}@${(await node.status()).listen ?? ''}`;
}

async function linksOf(node: Daemon): Promise<string[]> {
  return (await node.peers()).flatMap(({ pk, state }) => (state === 'connected' ? [pk] : []));
}

async function untilMeshed(nodes: readonly Daemon[]): Promise<void> {
  for (const node of nodes) {
    await node.until('6 to 8 links', async () => {
      const { length } = await linksOf(node);
      return length >= 6 && length <= 8;
    });
  }
}

/** What one of them posts reaches all of them. */
async function expectDelivery(from: Daemon, to: readonly Daemon[], text: string): Promise<void> {
  const { id } = await from.post(text);
  for (const node of to) {
    await node.until(text, async () => (await node.ask('GET', `/messages/${id}`)).status === 200);
  }
}

test('twelve nodes that know one address mesh, and go on without it and three others', async () => {
  const first = await Daemon.start(workspace, 'mesh-0', { flags: ['--open', ...listen] });
  const flags = ['--peers', await addressOf(first), ...listen];
  const names = Array.from({ length: 11 }, (_, i) => `mesh-${i + 1}`);
  const others = await Promise.all(names.map((name) => Daemon.start(workspace, name, { flags })));
  await untilMeshed([first, ...others]);
  await expectDelivery(others[0] as Daemon, [first, ...others], 'before');

  const [stopped, ...living] = others.slice(3) as [Daemon, ...Daemon[]];
  await Promise.all([first, ...others.slice(0, 3)].map((node) => node.kill()));
  await expectDelivery(stopped, living, 'after a third is gone');
  await untilMeshed([stopped, ...living]);

  // Its own port is another one after each start, and its only configured peer is gone.
  await stopped.stop();
  await expectDelivery(living[0] as Daemon, living, 'while one is away');
  await stopped.start();
  await untilMeshed([stopped]);
  expect(await linksOf(stopped)).not.toContain(first.pk);
  await stopped.untilMessages(3);
  await expectDelivery(stopped, living, 'after a restart without the bootstrap');
});
