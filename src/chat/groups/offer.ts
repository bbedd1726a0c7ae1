// An object that makes a group known to the members of another: so that it is found by those who were
// added to it, and carried by others where it is encrypted. Knows nothing of who takes it up.
import type { Value } from '../../cxo/codec.ts';
import { idBytes } from '../../cxo/ids.ts';
import type { ObjectFields } from '../../cxo/object.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../../identity.ts';
import type { ContentFields } from '../notes/note-content.ts';
import { groupLimits } from '../limits.ts';
import { parseGenesis, type Genesis } from '../roster/genesis.ts';

export interface Offer {
  readonly genesis: Genesis;
  /** Who was added; undefined where everybody is asked to carry it. */
  readonly to: readonly PublicKey[] | undefined;
}

export function offerFields({ genesis, to }: Offer): ContentFields {
  return { kind: 'offer', genesis: genesis.bytes, to: to?.map(publicKeyBytes) ?? null };
}

/** Undefined for what is no offer. An open group is never offered to everybody. */
export function parseOffer(fields: Omit<ObjectFields, 'salt'>): Offer | undefined {
  const { kind, genesis: bytes, to } = fields;
  if (kind !== 'offer' || !(bytes instanceof Uint8Array)) return undefined;
  const genesis = parseGenesis(bytes);
  if (genesis === undefined) return undefined;
  if (to === null) return genesis.encrypted ? { genesis, to: undefined } : undefined;
  if (!Array.isArray(to) || to.length > groupLimits.offeredToMax || !to.every(isKey)) {
    return undefined;
  }
  return { genesis, to: to.map(publicKeyOfBytes) };
}

function isKey(value: Value): value is Uint8Array {
  return value instanceof Uint8Array && value.length === idBytes;
}
