// The room: the group that a name stands for, without anybody having to create it. Knows nothing of
// who is a member.
import { utf8 } from '../bytes.ts';
import { domainHash, groupIdOfBytes, objectIdOf, parseGroupId, type GroupId } from '../cxo/ids.ts';
import { saltBytes } from '../cxo/limits.ts';
import { buildObject } from '../cxo/object.ts';
import { SkychatError } from '../errors.ts';
import { parseName } from './people/names.ts';

export interface Room {
  readonly id: GroupId;
  readonly name: string;
  /** The object whose id is the group's: the same bytes on every node. */
  readonly genesis: Uint8Array;
}

/**
 * The room of a name. Its salt is a hash of the name, since there is nobody who could draw one.
 * @throws SkychatError `bad-field` where it is not a name, or one that reads like a group's id
 */
export function roomOfName(name: string): Room {
  const parsed = parseName(name);
  if (parseGroupId(parsed) !== undefined) {
    throw new SkychatError('bad-field', 'the name of a room reads like the id of a group');
  }
  const salt = domainHash('room', utf8(parsed)).slice(0, saltBytes);
  const fields = { kind: 'genesis', name: parsed, encrypted: false, founder: null };
  const genesis = buildObject(fields, salt);
  return { id: groupIdOfBytes(objectIdOf(genesis)), name: parsed, genesis };
}
