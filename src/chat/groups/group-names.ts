// How a group is named in a request: by its id, or by its name where only one group has it.
// Knows nothing of what groups are.
import { parseGroupId, type GroupId } from '../../cxo/ids.ts';
import { SkychatError } from '../../errors.ts';

export interface NamedGroup {
  readonly id: GroupId;
  readonly name: string;
}

/** Ids that a refusal lists; more are not told apart by reading. */
const listedMax = 8;

/**
 * @param groups every group that this node has
 * @param within ids of the only groups that the caller may know of: whether there are others is not said
 * @throws SkychatError `unknown-group`, `not-permitted` for what is not within, or `bad-field` where
 *   several groups have the name
 */
export function readNamedGroup(
  idOrName: string,
  groups: Iterable<NamedGroup>,
  within?: readonly string[],
): GroupId {
  const id = parseGroupId(idOrName);
  const name = idOrName.normalize('NFC');
  const named: GroupId[] = [];
  for (const group of groups) {
    if (within?.includes(group.id) === false) continue;
    if (group.id === id) return group.id;
    if (group.name === name) named.push(group.id);
  }
  const [only, ...others] = named;
  if (only === undefined) {
    if (within !== undefined) {
      throw new SkychatError('not-permitted', 'the token is limited to other groups');
    }
    throw new SkychatError('unknown-group', 'no such group on this node', {
      hint: 'GET /groups lists the groups; a group is named by its id or its name.',
    });
  }
  if (others.length === 0) return only;
  const ids = named.slice(0, listedMax).join(', ');
  throw new SkychatError('bad-field', `${named.length} groups have this name: ${ids}`, {
    hint: 'Name the group by its id.',
  });
}
