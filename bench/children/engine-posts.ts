// Posts through the engine inside one process (no HTTP, no links) and through the bare primitive, in
// turns. Arguments: scratch directory, posts a round, rounds. Prints {ours, bare}: posts a second.
import '../support/end-with-parent.ts';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { roomOfName } from '../../src/chat/room.ts';
import { silentLogger, systemClock, systemRandom, systemTimers } from '../../src/env.ts';
import { identityOfSeed } from '../../src/identity.ts';
import { built } from '../support/built.ts';
import { GroupCommit } from '../support/group-commit.ts';
import { printable } from '../support/statistics.ts';

const inFlight = 64;
const textBytes = 200;

const [directory = '', posts = '', rounds = ''] = process.argv.slice(2);
const { Archive } = await built('cxo/archive');
const { draftOf } = await built('cxo/draft');
const { openLevelStore } = await built('cxo/level-store');
const { openOwnHead } = await built('cxo/own-head');
const { labelOf } = await built('chat/content/labels');
const { buildText } = await built('chat/content/message');
const { openGroups } = await built('sync/groups');
const { Runner } = await built('sync/runner');

mkdirSync(join(directory, 'ours'), { recursive: true });
const store = await openLevelStore(join(directory, 'ours', 'store'), {
  random: systemRandom,
  onDamage: () => undefined,
});
const ownHead = openOwnHead(join(directory, 'ours'));
const group = roomOfName('lobby').id;
const runner = new Runner({
  identity: identityOfSeed(systemRandom.bytes(32)),
  ...{ store, archive: new Archive(store), ownHead, labelOf },
  ...{ clock: systemClock, timers: systemTimers, logger: silentLogger },
  agent: 'bench',
  soon: setImmediate,
  forkProofs: [],
  groups: openGroups([group], () => true),
  ownFeedsKnown: true,
  headMin: 0,
  onArrived: () => undefined,
  onWithdrawn: () => undefined,
  onDelivered: () => undefined,
  onBan: () => undefined,
});
const { privateKey } = generateKeyPairSync('ed25519');
const bare = new GroupCommit(join(directory, 'bare'), () => {
  sign(null, randomBytes(150), privateKey);
});

/** Keeps `inFlight` posts under way; resolves with posts a second. */
async function measure(count: number, post: (text: string) => Promise<unknown>): Promise<number> {
  const texts = Array.from({ length: count }, () => printable(randomBytes((textBytes * 3) / 4)));
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let text = texts.pop(); text !== undefined; text = texts.pop()) await post(text);
    }),
  );
  return count / ((performance.now() - startedAt) / 1000);
}

const postOurs = (text: string): Promise<unknown> =>
  runner.append(group, draftOf(buildText(text, undefined, systemRandom.bytes(16))));
const postBare = (text: string): Promise<unknown> =>
  bare.put(buildText(text, undefined, systemRandom.bytes(16)));

const results = { ours: [] as number[], bare: [] as number[] };
for (let round = 0; round <= Number(rounds); round++) {
  const ours = await measure(Number(posts), postOurs);
  const primitive = await measure(Number(posts), postBare);
  // The first round warms the compiler up.
  if (round > 0) {
    results.ours.push(ours);
    results.bare.push(primitive);
  }
}
console.log(JSON.stringify(results));
await runner.close();
await ownHead.close();
await store.close();
await bare.close();
