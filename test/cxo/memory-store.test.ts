import { MemoryStore } from '../../src/cxo/memory-store.ts';
import { storeContract, type StoreUnderTest } from '../contract/store.ts';
import { storeErasuresContract } from '../contract/store-erasures.ts';
import { storeTailsContract } from '../contract/store-tails.ts';

/** A store in memory is not closed to be opened again: its bytes would be gone. */
function underTest(store: MemoryStore): StoreUnderTest {
  return {
    store,
    reopen: () => Promise.resolve(underTest(store)),
    remove: () => store.close(),
  };
}

storeContract('MemoryStore', () => Promise.resolve(underTest(new MemoryStore())), 25);
storeTailsContract('MemoryStore', () => Promise.resolve(underTest(new MemoryStore())));
storeErasuresContract('MemoryStore', () => Promise.resolve(underTest(new MemoryStore())));
