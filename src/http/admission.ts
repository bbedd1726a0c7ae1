// Lets a request in or refuses it: by where it comes from, who calls, and what its route asks for. And
// hands to a route the node as this caller may see it.
import type { FastifyRequest } from 'fastify';
import { SkychatError } from '../errors.ts';
import { CallerApi, type GroupedApi } from './caller-api.ts';
import type { Guard } from './guard.ts';
import type { Surface } from './surface.ts';
import { mayCall, type Caller } from './tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the request was let in; null where the route asks for nobody. */
    caller: Caller | null;
  }
}

/** Why the request is refused; undefined where it is let in. */
export function admit(guard: Guard, request: FastifyRequest): SkychatError | undefined {
  const refusal = guard.refusalOf(request.raw);
  if (refusal !== undefined) return refusal;
  const { operation } = request.routeOptions.config;
  if (operation?.scope === 'none') return undefined;
  const caller = guard.findCaller(request.raw);
  if (caller === undefined) {
    return new SkychatError('unauthorized', 'the bearer token is missing or wrong');
  }
  request.caller = caller;
  // Where there is no route, who calls learns that there is none.
  if (operation === undefined) return undefined;
  if (!mayCall(caller, operation.scope)) {
    return notPermitted(`the token may ${caller.scope}, and this needs ${operation.scope}`);
  }
  if (caller.bot === undefined || operation.perCaller === true) return undefined;
  if (caller.within !== undefined) return notPermitted('the token is limited to groups');
  // It would post in the name of the node's own people.
  return operation.scope === 'post' ? notPermitted('this is not for tokens of bots') : undefined;
}

/** The node as the caller may see and change it. Only for routes that are declared `perCaller`. */
export function apiOf({ api, programs }: Surface, { caller }: FastifyRequest): GroupedApi {
  if (caller === null) throw new Error('a route that asks for nobody has no caller');
  const { bot } = caller;
  if (bot === undefined) return api;
  return new CallerApi({ api, caller: { ...caller, bot }, groupIdOf: programs.groupIdOf });
}

function notPermitted(detail: string): SkychatError {
  return new SkychatError('not-permitted', detail);
}
