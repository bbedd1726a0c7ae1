// Loads the compiled sources, as they run in a node. (What tsx compiles from src/ on the fly wraps
// each function to keep its name, which costs time in hot loops.)
import type * as ArchiveModule from '../../src/cxo/archive.ts';
import type * as DraftModule from '../../src/cxo/draft.ts';
import type * as LevelStoreModule from '../../src/cxo/level-store.ts';
import type * as OwnHeadModule from '../../src/cxo/own-head.ts';
import type * as IdsModule from '../../src/cxo/ids.ts';
import type * as RootModule from '../../src/cxo/root.ts';
import type * as SegmentModule from '../../src/cxo/segment.ts';
import type * as LabelsModule from '../../src/chat/content/labels.ts';
import type * as MessageModule from '../../src/chat/content/message.ts';
import type * as RoomModule from '../../src/chat/room.ts';
import type * as UnreadModule from '../../src/chat/reading/unread.ts';
import type * as RosterModule from '../../src/chat/roster/roster.ts';
import type * as GroupKeysModule from '../../src/chat/sealing/group-keys.ts';
import type * as KeyRingModule from '../../src/chat/sealing/key-ring.ts';
import type * as EnvModule from '../../src/env.ts';
import type * as IdentityModule from '../../src/identity.ts';
import type * as NetworkModule from '../../src/net/network.ts';
import type * as TcpModule from '../../src/net/tcp.ts';
import type * as StorageModule from '../../src/node/storage.ts';
import type * as GroupsModule from '../../src/sync/groups.ts';
import type * as RunnerModule from '../../src/sync/runner.ts';

interface Built {
  readonly 'cxo/archive': typeof ArchiveModule;
  readonly 'cxo/draft': typeof DraftModule;
  readonly 'cxo/level-store': typeof LevelStoreModule;
  readonly 'cxo/own-head': typeof OwnHeadModule;
  readonly 'cxo/ids': typeof IdsModule;
  readonly 'cxo/root': typeof RootModule;
  readonly 'cxo/segment': typeof SegmentModule;
  readonly 'chat/content/labels': typeof LabelsModule;
  readonly 'chat/content/message': typeof MessageModule;
  readonly 'chat/room': typeof RoomModule;
  readonly 'chat/roster/roster': typeof RosterModule;
  readonly 'chat/reading/unread': typeof UnreadModule;
  readonly 'chat/sealing/group-keys': typeof GroupKeysModule;
  readonly 'chat/sealing/key-ring': typeof KeyRingModule;
  readonly env: typeof EnvModule;
  readonly identity: typeof IdentityModule;
  readonly 'net/network': typeof NetworkModule;
  readonly 'net/tcp': typeof TcpModule;
  readonly 'node/storage': typeof StorageModule;
  readonly 'sync/groups': typeof GroupsModule;
  readonly 'sync/runner': typeof RunnerModule;
}

export async function built<Name extends keyof Built>(name: Name): Promise<Built[Name]> {
  return (await import(new URL(`../../dist/${name}.js`, import.meta.url).href)) as Built[Name];
}
