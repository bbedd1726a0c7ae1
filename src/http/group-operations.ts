// What the routes of groups have in common: the name in the path, and how they refuse.
import { anyInPath, describe, idInPath } from './fields.ts';
import type { ProblemCode } from './problems.ts';

export const byGroup = { id: describe('Id of a group, or a name that only one has.', anyInPath) };
export const byGroupAndKey = { ...byGroup, pk: describe('A public key.', idInPath) };

export const groupProblems = ['unknown-group', 'bad-id'] satisfies readonly ProblemCode[];

/** Of what only an admin of the group may do. */
export const adminProblems = [
  ...groupProblems,
  ...(['not-a-member', 'not-an-admin', 'group-left', 'no-key'] as const),
] satisfies readonly ProblemCode[];
