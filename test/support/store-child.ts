// A process of its own for tests that kill it: holds the lock of a directory, or commits to a store
// for as long as it lives, and tells each commit once it has resolved.
import { join } from 'node:path';
import { openDataLock } from '../../src/cxo/data-lock.ts';
import { openLevelStore } from '../../src/cxo/level-store.ts';
import { SkychatError } from '../../src/errors.ts';
import { systemRandom } from '../../src/env.ts';
import { commitOf, FeedBuilder, testGroup, testIdentity, textRoot } from './feeds.ts';

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

async function commitForEver(): Promise<void> {
  const store = await openLevelStore(join(directory, 'store'), {
    random: systemRandom,
    onDamage: ({ what }) => {
      say(`damage ${what}`);
    },
  });
  const feeds = [1, 2, 3].map((number) => new FeedBuilder(testIdentity(number), testGroup('kill')));
  for (let i = 0; ; i++) {
    const segments = feeds.map((feed) =>
      feed.segment([textRoot(i * 1000, 'a', 'b'), textRoot(i * 1000 + 1, 'x'.repeat(3000))]),
    );
    const { records } = await store.commit(commitOf(...segments));
    say(`${i} ${records.join()}`);
  }
}

await (mode === 'lock' ? holdLock() : commitForEver());
