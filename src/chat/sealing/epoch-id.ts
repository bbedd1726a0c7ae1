// The name of an epoch: a commitment to its key, so that no two keys go by one name.
import { parseHex, toHex } from '../../bytes.ts';
import { domainHash } from '../../cxo/ids.ts';

declare const epochIdBrand: unique symbol;
/** The first 16 bytes of a hash over group and epoch key, as 32 lower-case hex characters. */
export type EpochId = string & { readonly [epochIdBrand]: true };

export const epochIdLength = 16;

export function epochIdOf(groupBytes: Uint8Array, epochKey: Uint8Array): EpochId {
  return epochIdOfBytes(domainHash('epoch', groupBytes, epochKey).subarray(0, epochIdLength));
}

export function epochIdOfBytes(bytes: Uint8Array): EpochId {
  if (bytes.length !== epochIdLength) throw new Error('an epoch id has 16 bytes');
  return toHex(bytes) as EpochId;
}

export function epochIdBytes(id: EpochId): Uint8Array {
  const bytes = parseHex(id);
  if (bytes === undefined) throw new Error('an EpochId is always hex');
  return bytes;
}
