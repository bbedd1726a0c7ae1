// The form in which a route is declared: one value says who may call it, what it takes, what it
// answers and how it refuses. It is read from by the handler, enforced by the guard and written into
// /openapi.json, so that nothing of it is said twice. Knows nothing of any route.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyOf, type RequestBody } from './body.ts';
import { badField, readFields, type Fields, type FieldTable } from './fields.ts';
import { tagAnswer } from './etag.ts';
import { readNothing, type BodyReader } from './json-body.ts';
import type { ProblemCode } from './problems.ts';
import type { Schema } from './schema.ts';
import type { Scope as CallerScope } from './tokens.ts';

/** What a caller needs: nothing at all, or a token that may read, post or administrate. */
export type Scope = 'none' | CallerScope;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Answer {
  readonly description: string;
  /** By media type; nothing where there is no body. */
  readonly content: Readonly<Record<string, Schema>>;
  /** That it has, or may have. */
  readonly headers?: Readonly<Record<string, Schema>>;
}

/** A request that works once what it names is there, and what it is answered with. */
export interface Example {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as bare text. */
  readonly body?: unknown;
  /** With the status that is declared first, as its first media type. */
  readonly answer?: unknown;
}

export interface Operation {
  readonly method: Method;
  /** As fastify writes it: `/groups/:id`. */
  readonly url: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly scope: Scope;
  /**
   * Whether it asks the node by `apiOf`: those who are limited to groups may call nothing else, and no
   * bot may post by anything else.
   */
  readonly perCaller?: true;
  /** A reader for each part of the path that is a parameter. */
  readonly path?: FieldTable;
  readonly query?: FieldTable;
  readonly headers?: FieldTable;
  /** What takes none refuses one. */
  readonly body?: BodyReader<unknown>;
  /** Bytes of a body, where they may be more than those of any other. */
  readonly bodyLimit?: number;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Those of its own: see `commonProblems` for what every route can answer. */
  readonly problems: readonly ProblemCode[];
  readonly example: Example;
  /** Whether the answer is the state of something, which a caller may have already: an ETag. */
  readonly snapshot?: true;
}

type Values<T extends FieldTable> = { readonly [Name in keyof T]: ReturnType<T[Name]> };

export interface Input<
  Path extends FieldTable,
  Query extends FieldTable,
  Head extends FieldTable,
  Body,
> {
  readonly path: Values<Path>;
  readonly query: Fields<Query>;
  readonly headers: Fields<Head>;
  readonly body: Body;
}

/** A table without a row. */
type None = Readonly<Record<string, never>>;

export interface Route<
  Path extends FieldTable = None,
  Query extends FieldTable = None,
  Head extends FieldTable = None,
  Body = undefined,
> extends Operation {
  readonly path?: Path;
  readonly query?: Query;
  readonly headers?: Head;
  readonly body?: BodyReader<Body>;
  /** Schemas by status, where an answer is serialised by one because that is faster. */
  readonly serializer?: Readonly<Record<number, Schema>>;
  handle(
    input: Input<Path, Query, Head, Body>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): unknown;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

/** Adds a route that hands to its handler what its declaration has read. */
export function addRoute<
  Path extends FieldTable = None,
  Query extends FieldTable = None,
  Head extends FieldTable = None,
  Body = undefined,
>(fastify: FastifyInstance, route: Route<Path, Query, Head, Body>): void {
  const { serializer, ...operation } = route;
  const read = readerOf(route);
  fastify.route({
    ...{ method: route.method, url: route.url, config: { operation } },
    ...(route.bodyLimit !== undefined && { bodyLimit: route.bodyLimit }),
    ...(serializer !== undefined && { schema: { response: serializer } }),
    ...(route.snapshot === true && { onSend: tagAnswer }),
    handler: (request, reply) => route.handle(read(request), request, reply),
  });
}

/** Has every route refused that says nothing of itself: a fault of whoever wrote it. */
export function requireOperations(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (config?.operation === undefined) throw new Error(`${String(method)} ${url} is undeclared`);
  });
}

function readerOf<Path extends FieldTable, Query extends FieldTable, Head extends FieldTable, Body>(
  route: Route<Path, Query, Head, Body>,
): (request: FastifyRequest) => Input<Path, Query, Head, Body> {
  const { path, query, headers } = route;
  const readBody = bodyReaderOf(route) as (body: RequestBody) => Body;
  return (request) => ({
    query: readFields(request.query, query ?? {}),
    path: readPath(request.params, path ?? {}) as Values<Path>,
    headers: readHeaders(request.headers, headers ?? {}) as Fields<Head>,
    body: readBody(bodyOf(request)),
  });
}

/** fastify reads no body of a GET. */
function bodyReaderOf({ method, body }: Operation): (body: RequestBody) => unknown {
  if (method === 'GET') return () => undefined;
  return body ?? readNothing;
}

function readPath(params: unknown, table: FieldTable): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params as Record<string, string>)) {
    values[name] = table[name]?.(value, name) ?? value;
  }
  return values;
}

function readHeaders(
  headers: FastifyRequest['headers'],
  table: FieldTable,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(table)) {
    const value = headers[name.toLowerCase()];
    if (Array.isArray(value)) throw badField(`${name} is given twice`);
    if (value !== undefined) values[name] = read(value, name);
  }
  return values;
}

export function json(description: string, schema: Schema): Answer {
  return { description, content: { 'application/json': schema } };
}

export function nothing(description: string): Answer {
  return { description, content: {} };
}

/** What any request can be answered with, whatever it asks for. */
export const commonProblems = [
  ...(['bad-request', 'bad-field', 'unauthorized', 'not-permitted'] as const),
  ...(['forbidden-host', 'forbidden-origin'] as const),
  ...(['request-timeout', 'too-many-requests', 'header-too-large', 'internal'] as const),
  ...(['store-damaged', 'closing', 'store-failed'] as const),
] satisfies readonly ProblemCode[];

/** What besides can come of a request with a body, which is every one that is no GET. */
const bodyProblems = [
  ...(['bad-json', 'bad-text', 'text-too-large', 'unsupported-media-type'] as const),
] satisfies readonly ProblemCode[];

/** What besides can come of writing. */
const writeProblems = ['not-ready', 'own-feed-unknown', 'disk-full'] as const;

/** Every code that a route can answer. */
export function problemsOf({ method, problems }: Operation): readonly ProblemCode[] {
  const writes = method === 'GET' ? [] : [...bodyProblems, ...writeProblems];
  return [...new Set([...commonProblems, ...writes, ...problems])];
}
