// The local row by which a group that this node has to do with is found again after a restart.
import { decode, encode } from '../../cxo/codec.ts';
import type { LocalChange, LocalRow } from '../../cxo/store.ts';
import { parseGenesis, type Genesis } from '../roster/genesis.ts';

export const groupRowPrefix = 'group/';

export interface GroupRow {
  readonly genesis: Genesis;
  /** Whether this node has asked to be in it; else it was told of it. */
  readonly isWanted: boolean;
  /** What the invite called it. */
  readonly called?: string | undefined;
}

export function groupRow({ genesis, isWanted, called }: GroupRow): LocalChange {
  const value = encode({ genesis: genesis.bytes, wanted: isWanted, called: called ?? null });
  return { key: `${groupRowPrefix}${genesis.id}`, value };
}

/** Undefined for a damaged row. */
export function parseGroupRow({ key, value }: LocalRow): GroupRow | undefined {
  const decoded = decode(value);
  if (!decoded.ok || typeof decoded.value !== 'object' || decoded.value === null) return undefined;
  const { genesis: bytes, wanted, called } = decoded.value as Record<string, unknown>;
  const genesis = bytes instanceof Uint8Array ? parseGenesis(bytes) : undefined;
  if (genesis === undefined || key !== `${groupRowPrefix}${genesis.id}`) return undefined;
  return {
    genesis,
    isWanted: wanted === true,
    called: typeof called === 'string' ? called : undefined,
  };
}
