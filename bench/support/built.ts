// Loads the compiled sources, as they run in a node. (What tsx compiles from src/ on the fly wraps
// each function to keep its name, which costs time in hot loops.)
import type * as ArchiveModule from '../../src/cxo/archive.ts';
import type * as LevelStoreModule from '../../src/cxo/level-store.ts';
import type * as OwnHeadModule from '../../src/cxo/own-head.ts';
import type * as MessageModule from '../../src/chat/message.ts';
import type * as RunnerModule from '../../src/sync/runner.ts';

interface Built {
  readonly 'cxo/archive': typeof ArchiveModule;
  readonly 'cxo/level-store': typeof LevelStoreModule;
  readonly 'cxo/own-head': typeof OwnHeadModule;
  readonly 'chat/message': typeof MessageModule;
  readonly 'sync/runner': typeof RunnerModule;
}

export async function built<Name extends keyof Built>(name: Name): Promise<Built[Name]> {
  return (await import(new URL(`../../dist/${name}.js`, import.meta.url).href)) as Built[Name];
}
