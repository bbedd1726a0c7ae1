// What a roster operation says: its fields, read and written. Each names in `op` what it is, so that
// no operation's bytes read as another. Knows nothing of who may say it, or what came of it.
import type { Value } from '../../cxo/codec.ts';
import { idBytes } from '../../cxo/ids.ts';
import { buildObject, parseObject, type ObjectFields } from '../../cxo/object.ts';
import { signatureBytes } from '../../cxo/sign.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../../identity.ts';
import { rosterLimits } from '../limits.ts';

export type RosterChange =
  /** Lets a key in. `history`: it is to read what was said before as well. */
  | { readonly op: 'add'; readonly key: PublicKey; readonly history: boolean }
  | { readonly op: 'remove' | 'promote' | 'demote'; readonly key: PublicKey }
  | { readonly op: 'leave' }
  /** Whoever proves to have the secret key of `invite` may be admitted by any member. */
  | {
      readonly op: 'invite';
      /** 32 bytes. */
      readonly invite: Uint8Array;
      /** Microseconds. */
      readonly expires: number | null;
      readonly uses: number | null;
      readonly history: boolean;
    }
  | { readonly op: 'revoke'; readonly invite: Uint8Array }
  /** By the member that the joiner came to, with the joiner's signature by the invite's key. */
  | {
      readonly op: 'admit';
      readonly key: PublicKey;
      readonly invite: Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly op: 'describe'; readonly name?: string; readonly topic?: string }
  /** In encrypted groups, where only members read it. */
  | { readonly op: 'describe'; readonly sealed: Uint8Array }
  /** How long bodies are kept: seconds, and bytes of the whole group. */
  | { readonly op: 'retain'; readonly age_s: number | null; readonly bytes: number | null };

/** With what its author had seen: src/chat/roster/seen.ts. */
export type RosterOperation = RosterChange & { readonly seen: Uint8Array };

export const rosterKind = 'roster';

export function buildOperation(operation: RosterOperation, salt: Uint8Array): Uint8Array {
  const bytes = buildObject({ ...fieldsOf(operation), kind: rosterKind }, salt);
  if (parseOperation(bytes) === undefined) throw new Error('not an operation');
  return bytes;
}

function fieldsOf(operation: RosterOperation): Record<string, Value> {
  const fields: Record<string, Value> = {};
  for (const [name, value] of Object.entries(operation) as [string, Value | undefined][]) {
    if (value !== undefined) fields[name] = value;
  }
  return 'key' in operation ? { ...fields, key: publicKeyBytes(operation.key) } : fields;
}

/** Undefined for what is none: with other fields, or with values beyond their bounds. */
export function parseOperation(object: Uint8Array | ObjectFields): RosterOperation | undefined {
  const fields = object instanceof Uint8Array ? fieldsOfObject(object) : object;
  if (fields?.kind !== rosterKind) return undefined;
  const { op, seen } = fields;
  if (!(seen instanceof Uint8Array) || seen.length > rosterLimits.seenBytesMax) return undefined;
  const change = typeof op === 'string' ? changeOf(op, fields) : undefined;
  return change && { ...change, seen };
}

function fieldsOfObject(object: Uint8Array): ObjectFields | undefined {
  const parsed = parseObject(object);
  return parsed.ok ? parsed.fields : undefined;
}

function changeOf(op: string, fields: ObjectFields): RosterChange | undefined {
  switch (op) {
    case 'add':
      return addOf(fields);
    case 'remove':
    case 'promote':
    case 'demote': {
      const key = has(fields, 1) ? keyOf(fields['key']) : undefined;
      return key && { op, key };
    }
    case 'leave':
      return has(fields, 0) ? { op } : undefined;
    case 'invite':
      return inviteOf(fields);
    case 'revoke': {
      const { invite } = fields;
      return has(fields, 1) && isOf(invite, idBytes) ? { op, invite } : undefined;
    }
    case 'admit':
      return admitOf(fields);
    case 'describe':
      return describeOf(fields);
    case 'retain':
      return retainOf(fields);
    default:
      return undefined;
  }
}

function addOf(fields: ObjectFields): RosterChange | undefined {
  const { history } = fields;
  const key = has(fields, 2) ? keyOf(fields['key']) : undefined;
  if (key === undefined || typeof history !== 'boolean') return undefined;
  return { op: 'add', key, history };
}

function inviteOf(fields: ObjectFields): RosterChange | undefined {
  const { invite, expires, uses, history } = fields;
  if (!has(fields, 4) || !isOf(invite, idBytes) || typeof history !== 'boolean') return undefined;
  if (!isCountOrNull(expires) || !isCountOrNull(uses)) return undefined;
  if (uses !== null && (uses < 1 || uses > rosterLimits.usesMax)) return undefined;
  return { op: 'invite', invite, expires, uses, history };
}

function admitOf(fields: ObjectFields): RosterChange | undefined {
  const { invite, signature } = fields;
  const key = has(fields, 3) ? keyOf(fields['key']) : undefined;
  if (key === undefined || !isOf(invite, idBytes) || !isOf(signature, signatureBytes)) {
    return undefined;
  }
  return { op: 'admit', key, invite, signature };
}

function describeOf(fields: ObjectFields): RosterChange | undefined {
  const { name, topic, sealed } = fields;
  const { sealedBytesMax, topicCharactersMax } = rosterLimits;
  if (sealed instanceof Uint8Array) {
    const isBounded = sealed.length <= sealedBytesMax;
    return has(fields, 1) && isBounded ? { op: 'describe', sealed } : undefined;
  }
  if (sealed !== undefined) return undefined;
  const change: { op: 'describe'; name?: string; topic?: string } = { op: 'describe' };
  let said = 0;
  for (const [field, value] of [
    ['name', name],
    ['topic', topic],
  ] as const) {
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > 2 * topicCharactersMax) return undefined;
    change[field] = value;
    said++;
  }
  return said > 0 && has(fields, said) ? change : undefined;
}

function retainOf(fields: ObjectFields): RosterChange | undefined {
  const { age_s, bytes } = fields;
  if (!has(fields, 2) || !isCountOrNull(age_s) || !isCountOrNull(bytes)) return undefined;
  return { op: 'retain', age_s, bytes };
}

/** What all have: kind, op, salt and seen. */
const commonFields = 4;

/** Whether there are so many fields beside the common ones, so that none is unknown. */
function has(fields: ObjectFields, own: number): boolean {
  return Object.keys(fields).length === commonFields + own;
}

function keyOf(value: Value | undefined): PublicKey | undefined {
  return isOf(value, idBytes) ? publicKeyOfBytes(value) : undefined;
}

function isOf(value: Value | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function isCountOrNull(value: Value | undefined): value is number | null {
  return value === null || (typeof value === 'number' && value >= 0);
}
