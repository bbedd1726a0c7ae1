// A node without HTTP, for what is measured inside of processes: engine, store, own head and links.
// Arguments: scratch directory, address of a peer or nothing. Prints {address}, then for each line
// `post COUNT PERSECOND` on its input {sent: [[id, ms]]} and for each `take COUNT` {seen: [[id, ms]]}.
// Milliseconds are of the machine's monotonic clock, which all processes share.
import '../support/end-with-parent.ts';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../../src/bytes.ts';
import { roomOfName } from '../../src/chat/room.ts';
import { silentLogger, systemClock, systemRandom, systemTimers } from '../../src/env.ts';
import { identityOfSeed } from '../../src/identity.ts';
import { parsePeerAddress } from '../../src/net/address.ts';
import { built } from '../support/built.ts';
import { randomText } from '../support/prepare.ts';

const [directory = '', peer = ''] = process.argv.slice(2);
const { Archive } = await built('cxo/archive');
const { draftOf } = await built('cxo/draft');
const { openLevelStore } = await built('cxo/level-store');
const { openOwnHead } = await built('cxo/own-head');
const { labelOf } = await built('chat/content/labels');
const { buildText } = await built('chat/content/message');
const { Network } = await built('net/network');
const { tcpTransport } = await built('net/tcp');
const { openGroups } = await built('sync/groups');
const { Runner } = await built('sync/runner');

mkdirSync(directory, { recursive: true });
const store = await openLevelStore(join(directory, 'store'), {
  random: systemRandom,
  onDamage: () => undefined,
});
const ownHead = openOwnHead(directory);
const identity = identityOfSeed(systemRandom.bytes(32));
const group = roomOfName('lobby').id;
const ports = { clock: systemClock, timers: systemTimers, logger: silentLogger };
let seen: [string, number][] = [];
let onSeen = (): void => undefined;
const runner = new Runner({
  ...{ identity, store, archive: new Archive(store), ownHead, labelOf, ...ports },
  agent: 'bench',
  soon: setImmediate,
  forkProofs: [],
  groups: openGroups([group], () => true),
  ownFeedsKnown: true,
  headMin: 0,
  onArrived: (entries) => {
    const at = now();
    for (const { id } of entries) seen.push([toHex(id), at]);
    onSeen();
  },
  onWithdrawn: () => undefined,
  onDelivered: () => undefined,
  onBan: () => undefined,
});
const network = new Network({
  ...{ identity, transport: tcpTransport, random: systemRandom, ...ports },
  isAllowed: () => true,
  onLink: (link) => runner.openLink(link),
});
const { port } = await network.listen({ host: '127.0.0.1', port: 0 });
if (peer !== '') network.addPeer(parsePeerAddress(peer));
const lines = createInterface({ input: process.stdin });
print({ address: `${identity.publicKey}@127.0.0.1:${port}` });

const commands: Record<string, (count: number, perSecond: number) => Promise<void>> = {
  async post(count, perSecond) {
    const sent: [string, number][] = [];
    const startedAt = now();
    const posts: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      await sleep(Math.max(0, startedAt + (i * 1000) / perSecond - now()));
      const object = buildText(randomText(), undefined, systemRandom.bytes(16));
      const at = now();
      const appended = runner.append(group, draftOf(object));
      posts.push(appended.then(({ id }) => void sent.push([toHex(id), at])));
    }
    await Promise.all(posts);
    print({ sent });
  },
  async take(count) {
    await new Promise<void>((resolve) => {
      onSeen = () => {
        if (seen.length >= count) resolve();
      };
      onSeen();
    });
    print({ seen: seen.splice(0) });
    seen = [];
  },
};

for await (const line of lines) {
  const [name = '', count, perSecond] = line.split(' ');
  void commands[name]?.(Number(count), Number(perSecond));
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function print(value: unknown): void {
  console.log(JSON.stringify(value));
}
