// The shapes of bodies as JSON Schema, by which they are checked, and that of the answer to a post, by
// which it is serialised (lists are faster without). The types of src/chat/view.ts are the contract.
import { Type, type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { MessageView } from '../chat/view.ts';
import { SkychatError } from '../errors.ts';
import { minPeersMax, pathPartCharsMax, replicationMsMax } from './limits.ts';

const closed = { additionalProperties: false };

export const postSchema = Type.Object(
  {
    text: Type.String(),
    group: Type.Optional(Type.String({ minLength: 1, maxLength: pathPartCharsMax })),
    reply_to: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$' })),
    min_peers: Type.Optional(Type.Integer({ minimum: 0, maximum: minPeersMax })),
    timeout_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: replicationMsMax })),
  },
  closed,
);

export const peerSchema = Type.Object({ address: Type.String({ minLength: 1 }) }, closed);

const keys = Type.Array(Type.String());

export const messageSchema = Type.Object({
  id: Type.String(),
  cursor: Type.String(),
  group: Type.String(),
  author: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
  seq: Type.Integer(),
  index: Type.Integer(),
  time: Type.String(),
  kind: Type.String(),
  text: Type.String(),
  reply_to: Type.Union([Type.String(), Type.Null()]),
  edited: Type.Boolean(),
  deleted: Type.Boolean(),
  reactions: Type.Record(Type.String(), keys),
  mentions: keys,
  mine: Type.Boolean(),
  disputed: Type.Optional(Type.Literal(true)),
  delivery: Type.Object({ stored: keys, members: Type.Integer() }),
});

type SameKeys<A, B> = [keyof A, keyof B] extends [keyof B, keyof A] ? true : never;
/** The serialiser leaves out what its schema does not name, so the compiler compares the names. */
export const messageSchemaIsWhole: SameKeys<Static<typeof messageSchema>, MessageView> = true;

export type Check<Value> = (body: unknown) => Value;

/** A function that returns the body where it has the shape, and names the field where not. */
export function checkOf<Schema extends TSchema>(schema: Schema): Check<Static<Schema>> {
  const validator = Compile(schema);
  return (body) => {
    if (validator.Check(body)) return body;
    throw new SkychatError('bad-field', describe(validator.Errors(body)));
  };
}

interface Finding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function describe(findings: readonly Finding[]): string {
  const unknown = findings.find(({ keyword }) => keyword === 'additionalProperties');
  if (unknown !== undefined && 'additionalProperties' in unknown.params) {
    const [name] = unknown.params.additionalProperties as readonly string[];
    return `there is no field ${quote(name ?? '')}`;
  }
  const [first] = findings;
  if (first === undefined) return 'the body has the wrong shape';
  if ('requiredProperties' in first.params) {
    const [name] = first.params.requiredProperties as readonly string[];
    return `${name ?? ''} is missing`;
  }
  return `${first.instancePath.slice(1) || 'the body'} ${first.message}`;
}

/** Names come from the caller: bounded before they are shown. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}
