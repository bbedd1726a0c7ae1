import { join } from 'node:path';
import { systemRandom } from '../../src/env.ts';
import { openLevelStore } from '../../src/cxo/level-store.ts';
import type { DamageListener } from '../../src/cxo/store.ts';
import { storeContract, type StoreUnderTest } from '../contract/store.ts';
import { removeDirectory, temporaryDirectory } from '../support/temporary.ts';

const unexpectedDamage: DamageListener = (damage) => {
  throw new Error(`unexpected damage: ${JSON.stringify(damage)}`);
};
const options = { random: systemRandom, onDamage: unexpectedDamage };

async function underTest(directory: string): Promise<StoreUnderTest> {
  const store = await openLevelStore(join(directory, 'store'), options);
  return {
    store,
    reopen: async () => {
      await store.close();
      return underTest(directory);
    },
    remove: async () => {
      await store.close();
      await removeDirectory(directory);
    },
  };
}

storeContract('LevelStore', async () => underTest(await temporaryDirectory()), 15);
