// Who is meant by a word on the command line: a key, an address with a key in it, or the name of a
// member where only one has it.
import { parsePeerAddress } from '../config.ts';
import type { MemberView } from '../chat/view.ts';
import { parsePublicKey } from '../identity.ts';
import type { Call } from './call.ts';
import type { Client } from './client.ts';
import { Problem, UsageError } from './failures.ts';

/** Undefined where the word names no key by itself. */
export function findKey(word: string): string | undefined {
  return word.includes('@') ? parsePeerAddress(word).pk : parsePublicKey(word);
}

export function readKey(word: string): string {
  const key = findKey(word);
  if (key !== undefined) return key;
  throw new UsageError(`${JSON.stringify(word)} is not a key`, 'A key is 64 hex characters.');
}

/** Names are looked up among the members of the group. */
export async function readMember(
  call: Call,
  client: Client,
  group: string,
  word: string,
): Promise<string> {
  const key = findKey(word);
  if (key !== undefined) return key;
  const { members } = await client.get<{ members: readonly MemberView[] }>(
    `${pathOfGroup(group)}/members`,
    {},
    call.ports.interrupt,
  );
  const named = members.filter(({ name }) => name === word.normalize('NFC'));
  const [only, ...others] = named;
  if (only === undefined) {
    const hint = `Use a key, or a name of: skychat-node groups members ${group}`;
    throw new Problem(404, `no member is called ${JSON.stringify(word)}`, 'unknown-member', hint);
  }
  if (others.length === 0) return only.pk;
  const keys = named.map(({ pk }) => pk).join(' ');
  throw new UsageError(
    `${named.length} members are called ${JSON.stringify(word)}`,
    `Use a key: ${keys}`,
  );
}

export function pathOfGroup(group: string): string {
  return `/groups/${encodeURIComponent(group)}`;
}
