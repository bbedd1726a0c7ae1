// The public API of the package: what an embedding program needs to open a node.
export { openNode, type Overrides, type RunningNode } from './node.ts';
/** In place of TCP and LevelDB, for tests of programs that embed a node. */
export { MemoryNetwork } from './net/memory.ts';
export { MemoryStore } from './cxo/memory-store.ts';
export { parseConfig, type NodeConfig } from './config.ts';
export { SkychatError, type ErrorCode } from './errors.ts';
export type { PublicKey } from './identity.ts';
export type * from './chat/view.ts';
