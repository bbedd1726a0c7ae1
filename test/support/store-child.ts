// A process of its own for tests that kill it: holds the lock of a directory, or commits to a store
// for as long as it lives, and tells each commit once it has resolved.
import { join } from 'node:path';
import { openDataLock } from '../../src/cxo/data-lock.ts';
import { openLevelStore, type LevelStore } from '../../src/cxo/level-store.ts';
import { SkychatError } from '../../src/errors.ts';
import { systemRandom } from '../../src/env.ts';
import { commitOf, FeedBuilder, testGroup, testIdentity, textRoot } from './feeds.ts';
import { TailedFeed, together } from './store-tails.ts';

const [mode, directory = ''] = process.argv.slice(2);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function holdLock(): Promise<void> {
  try {
    await openDataLock(directory);
    say('held');
    // A listening socket alone keeps no process alive.
    setInterval(() => undefined, 1000);
  } catch (error) {
    if (!(error instanceof SkychatError)) throw error;
    say(`${error.code} ${error.message}`);
  }
}

function openStore(): Promise<LevelStore> {
  return openLevelStore(join(directory, 'store'), {
    random: systemRandom,
    onDamage: ({ what }) => {
      say(`damage ${what}`);
    },
  });
}

async function commitForEver(): Promise<void> {
  const store = await openStore();
  const feeds = [1, 2, 3].map((number) => new FeedBuilder(testIdentity(number), testGroup('kill')));
  for (let i = 0; ; i++) {
    const segments = feeds.map((feed) =>
      feed.segment([textRoot(i * 1000, 'a', 'b'), textRoot(i * 1000 + 1, 'x'.repeat(3000))]),
    );
    const { records } = await store.commit(commitOf(...segments));
    say(`${i} ${records.join()}`);
  }
}

/** Begins, fills, joins and withdraws tails. */
async function moveTailsForEver(): Promise<void> {
  const store = await openStore();
  const feeds = [1, 2].map((number) => new TailedFeed(number, testGroup('kill')));
  const roots = (at: number) => [textRoot(at, 'a'), textRoot(at + 1, 'x'.repeat(3000))];
  for (let i = 0; ; i++) {
    for (const [number, feed] of feeds.entries()) {
      feed.leaveOut(roots(10 * i));
      feed.leaveOut(roots(10 * i + 2), { signed: false });
      await store.commit(feed.tail(roots(10 * i + 4)));
      await store.commit(together(feed.fill(), feed.tail(roots(10 * i + 6), { held: true })));
      await store.commit(number === 0 ? feed.fill() : feed.withdraw());
    }
    say(`${i}`);
  }
}

const modes = { lock: holdLock, commit: commitForEver, tails: moveTailsForEver };
if (mode !== 'lock' && mode !== 'commit' && mode !== 'tails')
  throw new Error('there is no such mode');
await modes[mode]();
