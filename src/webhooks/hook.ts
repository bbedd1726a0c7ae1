// An outgoing hook as it is kept: where to, what of, and whether it is dead. Pure.
import { MentionIndex } from '../chat/content/mentions.ts';
import type { EventView, MessageEventView } from '../chat/view.ts';
import { SkychatError } from '../errors.ts';
import { fieldsOf } from '../bots/row-book.ts';
import type { PublicKey } from '../identity.ts';
import { webhookLimits } from './limits.ts';

export type EventName = MessageEventView['event'];

export const eventNames = [
  ...(['message', 'edit', 'delete', 'reaction', 'ack', 'pin', 'hide'] as const),
] satisfies readonly EventName[];

/** Times are of the wall clock, microseconds. */
export interface Hook {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** Signs what is sent: kept as it is, since a signature needs it. */
  readonly secret: string;
  readonly group: string | null;
  readonly events: readonly EventName[];
  readonly mentions: boolean;
  readonly bots: boolean;
  readonly created: number;
  /** Why nothing is sent any more; null while it lives. */
  readonly dead: string | null;
}

export function parseHook(value: unknown): Hook | undefined {
  const { id, name, url, secret, group, events, mentions, bots, created, dead } = fieldsOf(value);
  if (typeof id !== 'string' || typeof name !== 'string' || typeof url !== 'string') return;
  if (typeof secret !== 'string' || typeof created !== 'number') return undefined;
  if (group !== null && typeof group !== 'string') return undefined;
  if (dead !== null && typeof dead !== 'string') return undefined;
  const known = eventNames.filter((each) => Array.isArray(events) && events.includes(each));
  const flags = { mentions: mentions === true, bots: bots === true };
  return { id, name, url, secret, group, events: known, ...flags, created, dead };
}

/** @throws SkychatError `bad-field` */
export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || text.length > webhookLimits.urlCharsMax) throw badUrl('is not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw badUrl('is not http or https');
  if (url.username !== '' || url.password !== '') throw badUrl('has a user or a password in it');
  url.hash = '';
  return url.href;
}

function badUrl(words: string): SkychatError {
  return new SkychatError('bad-field', `the url ${words}`, {
    hint: 'Write it as https://HOST/PATH or http://HOST:PORT/PATH.',
  });
}

/**
 * Whether the hook is to be told. Never of what it wrote itself, and of what other bots wrote, here or
 * elsewhere, only where that was asked for: two that answer each other would never end.
 */
export function isFor(hook: Hook, self: PublicKey, told: EventView): boolean {
  // That something is missing is told to everybody who could have missed it.
  if (told.event === 'gap') {
    const group = told.gap.of === 'message' ? told.gap.group : null;
    return hook.group === null || group === null || group === hook.group;
  }
  const { event, message } = told;
  if (!hook.events.includes(event)) return false;
  if (hook.group !== null && message.group !== hook.group) return false;
  if (message.bot === true) {
    if (!hook.bots || (message.mine && message.name === hook.name)) return false;
  }
  return !hook.mentions || message.mentions.includes(self) || isNamed(hook, self, message.text);
}

/** The hook's own name counts as one of this node's. */
function isNamed({ name }: Hook, self: PublicKey, text: string): boolean {
  return text.includes('@') && new MentionIndex([self], () => name).find(text).length > 0;
}
