// What this node has for programs: their tokens, the hooks by which they post, and the hooks by which
// they are told. Opens them over the store, and hands them to the surface.
import { HookBook } from '../bots/hook-book.ts';
import { TokenBook } from '../bots/token-book.ts';
import type { Chat } from '../chat/chat.ts';
import type { LocalChange, Store } from '../cxo/store.ts';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import type { Api } from '../http/api.ts';
import type { Hooks } from '../http/hooks.ts';
import type { Tokens } from '../http/tokens.ts';
import type { PublicKey } from '../identity.ts';
import { version } from '../version.ts';
import { httpSender } from '../webhooks/http-sender.ts';
import { Webhooks } from '../webhooks/webhooks.ts';

export interface BotsOptions {
  readonly self: PublicKey;
  readonly api: Api;
  readonly chat: Pick<Chat, 'groupIdOf' | 'room'>;
  readonly store: Pick<Store, 'local'>;
  readonly writeLocal: (changes: readonly LocalChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
}

export interface Bots {
  readonly tokens: Tokens;
  readonly hooks: Hooks;
  /** To be called once the node is up. */
  start(): void;
  /** Ends what is being sent; it is sent again after the next start. */
  close(): Promise<void>;
}

export async function openBots(options: BotsOptions): Promise<Bots> {
  const { chat } = options;
  const groupIdOf = (idOrName: string): string => chat.groupIdOf(idOrName);
  const parts = { ...options, groupIdOf };
  const tokens = await TokenBook.open(parts);
  const incoming = await HookBook.open({ ...parts, room: chat.room.name });
  const agent = `skychat-node/${version}`;
  const outgoing = await Webhooks.open({ ...parts, sender: httpSender, agent });
  return {
    tokens,
    hooks: joinHooks(incoming, outgoing),
    start: () => {
      outgoing.start();
    },
    close: () => outgoing.close(),
  };
}

function joinHooks(incoming: HookBook, outgoing: Webhooks): Hooks {
  return {
    list: () =>
      [...incoming.list(), ...outgoing.list()].sort((a, b) => (a.created < b.created ? -1 : 1)),
    createIncoming: (draft) => incoming.create(draft),
    createOutgoing: (draft) => outgoing.create(draft),
    remove: (id) => (incoming.has(id) ? incoming.remove(id) : outgoing.remove(id)),
    revive: (id, skip) => outgoing.revive(id, skip),
    receive: (secret, request) => incoming.receive(secret, request),
  };
}
