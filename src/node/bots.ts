// What this node has for programs: their tokens, the hooks by which they post, and the hooks by which
// they are told. Opens them over the store, and hands them to the surface.
import { HookBook } from '../bots/hook-book.ts';
import { TokenBook } from '../bots/token-book.ts';
import type { Chat } from '../chat/chat.ts';
import type { Clock, Logger, Random, Timers } from '../env.ts';
import type { Api } from '../http/api.ts';
import type { Hooks } from '../http/hooks.ts';
import type { Programs } from '../http/programs.ts';
import type { Runner } from '../sync/runner.ts';
import { version } from '../version.ts';
import { httpSender } from '../webhooks/http-sender.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import type { Storage } from './storage.ts';

export interface BotsOptions {
  readonly api: Api;
  readonly chat: Pick<Chat, 'groupIdOf' | 'room'>;
  readonly runner: Pick<Runner, 'writeLocal'>;
  readonly storage: Pick<Storage, 'store' | 'identity'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
}

export interface Bots {
  readonly programs: Programs;
  /** To be called once the node is up. */
  start(): void;
  /** Ends what is being sent; it is sent again after the next start. */
  close(): Promise<void>;
}

export async function openBots(options: BotsOptions): Promise<Bots> {
  const { chat, runner, storage } = options;
  const groupIdOf = (idOrName: string): string => chat.groupIdOf(idOrName);
  const writeLocal: Runner['writeLocal'] = (changes) => runner.writeLocal(changes);
  const parts = {
    ...{ ...options, store: storage.store, self: storage.identity.publicKey },
    ...{ groupIdOf, writeLocal },
  };
  const tokens = await TokenBook.open(parts);
  const incoming = await HookBook.open({ ...parts, room: chat.room.name });
  const agent = `skychat-node/${version}`;
  const outgoing = await Webhooks.open({ ...parts, sender: httpSender, agent });
  return {
    programs: {
      tokens,
      hooks: joinHooks(incoming, outgoing),
      groupIdOf: (idOrName, within) => chat.groupIdOf(idOrName, within),
    },
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
