// What the surface asks of the node for the sake of programs.
import type { Hooks } from './hooks.ts';
import type { Tokens } from './tokens.ts';

export interface Programs {
  readonly tokens: Tokens;
  readonly hooks: Hooks;
  /**
   * The id of a group that is named.
   * @param within ids of the only groups that the caller may know of
   * @throws SkychatError `unknown-group`, or `not-permitted` for what is not within
   */
  readonly groupIdOf: (idOrName: string, within?: readonly string[]) => string;
}
