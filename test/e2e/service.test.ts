// A node under a service manager: what it is told and when, over a real datagram socket.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace, type Process } from '../support/node-process.ts';
import { hasProgram } from '../support/programs.ts';

const workspace = useWorkspace();

/** Prints each datagram as one line; no library for Node has such a socket. */
const listener = `
import os, socket, sys
path = sys.argv[1]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(path)
print('bound', flush=True)
while True:
    data, ancillary, _, _ = sock.recvmsg(4096, 4096)
    # A barrier is answered by closing what came with it.
    for _, _, fds in ancillary:
        for i in range(0, len(fds), 4):
            os.close(int.from_bytes(fds[i:i + 4], sys.byteorder))
    print(data.decode().strip().replace(chr(10), ' '), flush=True)
`;

async function listen(name: string): Promise<{ manager: Process; socket: string }> {
  const socket = workspace.path(`${name}.sock`);
  const script = workspace.path('listener.py');
  writeFileSync(script, listener);
  const manager = workspace.spawn('python3', [script, socket]);
  await manager.stdout.find((line) => line === 'bound');
  return { manager, socket };
}

/** Starts the node as a manager would; gives how it ended where it did not come up. */
async function startUnder(node: Daemon, socket: string, watchdogMicros?: number): Promise<void> {
  const watchdog = watchdogMicros === undefined ? [] : [`WATCHDOG_USEC=${watchdogMicros}`];
  await node.startWithin(['env', `NOTIFY_SOCKET=${socket}`, ...watchdog]);
}

const canListen =
  hasProgram('systemd-notify', 'what a service manager is told') &&
  hasProgram('python3', 'what a service manager is told');

test.skipIf(!canListen)(
  'the manager is told that the node is ready once it answers, how it is, and that it stops',
  async () => {
    const { manager, socket } = await listen('told');
    const node = await Daemon.make(workspace, 'told');
    await startUnder(node, socket);
    const ready = await manager.stdout.find((line) => line.includes('READY=1'));
    expect(ready).toMatch(/STATUS=0 of 0 peers connected, \d+ messages, in sync/);
    expect((await node.ask('GET', '/readyz')).status).toBe(200);
    await node.stop();
    await manager.stdout.find((line) => line.startsWith('STOPPING=1'));
    const told = manager.stdout.all.filter((line) => /^[A-Z]+=/.test(line));
    const words = told.map((line) => /^(READY|WATCHDOG|STOPPING)=1/.exec(line)?.[1]);
    expect(words.filter((word) => word !== undefined)).toEqual(['READY', 'STOPPING']);
  },
);

test.skipIf(!canListen)('a node that cannot start is never called ready', async () => {
  const { manager, socket } = await listen('never');
  const holder = await Daemon.start(workspace, 'holder');
  const second = await Daemon.make(workspace, 'second', {
    ...{ data: holder.data, key: holder.key, pk: holder.pk },
  });
  await expect(startUnder(second, socket)).rejects.toThrow('data-locked');
  expect(manager.stdout.all).toEqual(['bound']);
});

test.skipIf(!canListen)(
  'where the manager watches, the event loop shows again and again that it turns',
  async () => {
    const { manager, socket } = await listen('watched');
    const node = await Daemon.make(workspace, 'watched');
    await startUnder(node, socket, 400_000);
    await manager.stdout.find((line) => line.startsWith('WATCHDOG=1'));
    const first = manager.stdout.all.length;
    const beat = await manager.stdout.find((line) => line.startsWith('WATCHDOG=1'), first);
    expect(beat).toMatch(/^WATCHDOG=1 STATUS=0 of 0 peers connected/);
    await node.stop();
    const stopping = manager.stdout.all.findIndex((line) => line.startsWith('STOPPING=1'));
    const later = manager.stdout.all.slice(stopping);
    expect(later.filter((line) => line.startsWith('READY=1'))).toEqual([]);
  },
);

test('without systemd-notify the node runs all the same, and its log says so', async () => {
  const node = await Daemon.make(workspace, 'untold');
  await node.startWithin(['env', 'NOTIFY_SOCKET=/nowhere', 'PATH=/nowhere']);
  await node.process?.stderr.find((line) => line.includes('the service manager could not be told'));
  expect((await node.post('hello')).text).toBe('hello');
});
