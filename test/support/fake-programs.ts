// Tokens and hooks in memory, for the surface: who has which token, what reached a hook.
import { SkychatError } from '../../src/errors.ts';
import type { HookAnswer, HookRequest, Hooks, HookView } from '../../src/http/hooks.ts';
import type { Programs } from '../../src/http/programs.ts';
import type { Caller, Tokens, TokenView } from '../../src/http/tokens.ts';
import { lobby } from './fake-api.ts';

const created = '2026-11-22T05:10:00.000Z';

export class FakePrograms implements Programs {
  readonly callers = new Map<string, Caller>();
  readonly named = new Map([['lobby', lobby]]);
  readonly made = new Map<string, TokenView>();
  readonly hooked = new Map<string, HookView>();
  readonly received: { secret: string; request: HookRequest }[] = [];
  answer: HookAnswer = { contentType: 'text/plain; charset=utf-8', body: 'ok' };

  readonly tokens: Tokens = {
    list: () => [...this.made.values()],
    create: async ({ name, scope, groups, expiresInS }) => {
      await Promise.resolve();
      const id = this.#idOf(this.made.size);
      const view = {
        ...{ id, name, scope, groups: groups?.map((group) => this.groupIdOf(group)) ?? null },
        ...{ created, expires: expiresInS === null ? null : created, last_used: null },
      };
      this.made.set(id, view);
      return { ...view, token: `skt_${id}` };
    },
    revoke: async (id) => {
      await Promise.resolve();
      const view = this.made.get(id);
      if (view === undefined) throw new SkychatError('unknown-token', 'there is no such token');
      this.made.delete(id);
      return view;
    },
    findCaller: (token) => this.callers.get(token),
  };

  readonly hooks: Hooks = {
    list: () => [...this.hooked.values()],
    createIncoming: async ({ name, group = lobby }) => {
      await Promise.resolve();
      const id = this.#idOf(this.hooked.size);
      const common = { id, name, created, last_used: null };
      const view = { ...common, kind: 'incoming' as const, group: this.groupIdOf(group) };
      this.hooked.set(id, view);
      return { ...view, secret: `skh_${id}` };
    },
    createOutgoing: async ({ name, group, ...rest }) => {
      await Promise.resolve();
      const id = this.#idOf(this.hooked.size);
      const view = {
        ...{ ...rest, id, name, created, kind: 'outgoing' as const, state: 'active' as const },
        ...{ group: group === undefined ? null : this.groupIdOf(group), reason: null },
        ...{ failures: 0, next_attempt: null, last_delivered: null, cursor: '0' },
      };
      this.hooked.set(id, view);
      return { ...view, secret: 'whsec_AAAA' };
    },
    remove: (id) => {
      const view = this.hooked.get(id);
      this.hooked.delete(id);
      return view === undefined ? Promise.reject(unknownHook()) : Promise.resolve(view);
    },
    revive: (id) => {
      const view = this.hooked.get(id);
      return view === undefined ? Promise.reject(unknownHook()) : Promise.resolve(view);
    },
    receive: async (secret, request) => {
      await Promise.resolve();
      if (!secret.startsWith('skh_')) throw unknownHook();
      this.received.push({ secret, request });
      return this.answer;
    },
  };

  /** A token and a hook with an id, and a group with a name. */
  put(id: string, group: string): void {
    const common = { id, name: 'grafana', created, last_used: null };
    this.made.set(id, { ...common, scope: 'post', groups: [group], expires: null });
    this.hooked.set(id, { ...common, kind: 'incoming', group });
    this.named.set('ops', group);
  }

  groupIdOf = (idOrName: string, within?: readonly string[]): string => {
    const id = this.named.get(idOrName) ?? idOrName;
    if (within !== undefined && !within.includes(id)) {
      throw new SkychatError('not-permitted', 'the token is limited to other groups');
    }
    if (!/^[0-9a-f]{64}$/.test(id)) throw new SkychatError('unknown-group', 'there is none');
    return id;
  };

  #idOf(position: number): string {
    return (position + 1).toString(16).padStart(16, '0');
  }
}

function unknownHook(): SkychatError {
  return new SkychatError('unknown-hook', 'there is no such hook');
}
