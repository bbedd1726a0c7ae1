// One replication of a whole history into an empty node, and the same bytes through the bare
// primitive. Knows nothing of what is promised.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, type Memory } from './daemon.ts';
import { JsonLines } from './lines.ts';
import { prepareHistory, prepareKey, readKey, type History } from './prepare.ts';
import { diskBytes, type Workspace } from './workspace.ts';

export interface Replication {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly authorCpuMs: number;
  /** Each a message, both directions. */
  readonly wireBytes: number;
  /** Each a message, once the receiver was stopped. */
  readonly diskBytes: number;
  readonly memory: Memory;
  /** The same once the node had nothing to do for a while. */
  readonly idleMemory: Memory;
}

/**
 * Replicates the history into empty nodes, one after the other. Time runs from the request that
 * tells the receiver the address (so the dial and the handshake are in it) until its /status counts
 * every message, which it does once they are on disk and can be read.
 */
export async function* replications(
  workspace: Workspace,
  history: History,
  rounds: number,
  idleMs = 0,
): AsyncGenerator<Replication> {
  const messages = history.inSegments + history.single;
  const authorData = await prepareHistory(workspace, history);
  const receivers = Array.from({ length: rounds }, (_, i) =>
    prepareKey(workspace, `receiver-${i}`),
  );
  const allow = receivers.map(({ pk }) => pk).join(',');
  const author = await Daemon.start(workspace, authorData, '--allow', allow);
  for (const { data } of receivers) {
    const receiver = await Daemon.start(workspace, data, '--allow', readKey(authorData));
    // Once its own profile and vouches are written, it is idle.
    await receiver.status();
    const [cpuBefore, authorCpuBefore] = [receiver.cpuMs(), author.cpuMs()];
    const startedAt = performance.now();
    await receiver.addPeer(author.address);
    await receiver.untilMessages(messages);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuMs = receiver.cpuMs() - cpuBefore;
    const authorCpuMs = author.cpuMs() - authorCpuBefore;
    const wireBytes = (await receiver.wireBytes()) / messages;
    const memory = receiver.memory();
    await sleep(idleMs);
    const idleMemory = receiver.memory();
    await receiver.stop();
    yield {
      ...{ perSecond: messages / seconds, cpuMs, authorCpuMs, wireBytes, memory, idleMemory },
      diskBytes: diskBytes(data) / messages,
    };
  }
  await author.stop();
}

const chunkBytes = 64 * 1024;

/** Messages a second by a plain TCP copy of as many bytes into synced LevelDB batches. */
export async function copyBare(
  workspace: Workspace,
  messages: number,
  messageBytes: number,
): Promise<number> {
  const chunks = Math.ceil((messages * messageBytes) / chunkBytes);
  const chunk = randomBytes(chunkBytes);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    for (let i = 0; i < chunks; i++) socket.write(chunk);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = workspace.spawnScript(
    'bare-sink',
    workspace.path('bare-sink'),
    ...[port, chunks, chunkBytes, chunkBytes / messageBytes].map(String),
  );
  const { ms } = (await new JsonLines(child, 'the bare sink').read()) as { ms: number };
  server.close();
  return messages / (ms / 1000);
}
