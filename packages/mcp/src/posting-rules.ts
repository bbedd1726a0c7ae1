// Where this agent may write: nowhere unless it was allowed, everywhere, or in named groups. Knows
// nothing of tools.
import type { Names } from './directory.ts';
import { NodeFailure } from './node-failure.ts';

export interface PostingRules {
  readonly everywhere: boolean;
  /** Ids or names of groups, and keys of those who may be written to directly. */
  readonly to: readonly string[];
}

export function mayPostAnywhere({ everywhere, to }: PostingRules): boolean {
  return everywhere || to.length > 0;
}

export function mayPostTo(rules: PostingRules, group: string, names: Names): boolean {
  if (rules.everywhere) return true;
  if (rules.to.some((each) => each.toLowerCase() === group)) return true;
  const name = names.groups.get(group)?.name;
  // A name that several groups have means none of them, and one that looks like an id means no name:
  // anybody can call a group so.
  const isOnlyOne = [...names.groups.values()].filter((each) => each.name === name).length === 1;
  return isOnlyOne && rules.to.some((each) => each === name && !/^[0-9a-f]{64}$/i.test(each));
}

/** A conversation of two is allowed by the key of the other. */
export function mayPostToKey({ everywhere, to }: PostingRules, key: string): boolean {
  return everywhere || to.some((each) => each.toLowerCase() === key);
}

export function refused(where: string, { to }: PostingRules): NodeFailure {
  const hint =
    `Tell the person you work for; whoever configured this server can allow it with ` +
    `--allow-post or --allow-post-to. Allowed now: ${to.join(', ') || 'nowhere'}.`;
  return new NodeFailure('posting-not-allowed', `you may not write ${where}`, { hint });
}
