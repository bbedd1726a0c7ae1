// /openapi.json: what the routes say of themselves, as an OpenAPI 3.1 document. Knows no route.
import { version } from '../version.ts';
import { problemsOf, type Answer, type Example, type Operation } from './operation.ts';
import { buildProblem, problemKinds, type ProblemCode } from './problems.ts';
import { problemSchema } from './schemas/problem.ts';
import type { Schema } from './schema.ts';

type Json = Record<string, unknown>;

/** The document of the operations that were added; built when it is first asked for. */
export class Documents {
  readonly #operations: Operation[] = [];
  #text: string | undefined;

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  add(operation: Operation): void {
    this.#operations.push(operation);
  }

  text(): string {
    return (this.#text ??= JSON.stringify(buildOpenApi(this.#operations)));
  }
}

const description = `The HTTP surface of a skychat-node. Every path also works below /v1. Bodies may be sent
as \`curl -d\` sends them (application/x-www-form-urlencoded): they are read as text/plain. A refusal
changes nothing and is a problem of RFC 9457, whose stable codes are listed in \`x-problem-codes\`.
OPTIONS of any path answers 204 with its methods in Allow. Every answer has an X-Request-Id.`;

export function buildOpenApi(operations: readonly Operation[]): Json {
  const shapes = new Shapes();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const url = operation.url.replaceAll(/:(\w+)/g, '{$1}');
    const path = (paths[url] ??= {});
    path[operation.method.toLowerCase()] = operationOf(operation, shapes);
  }
  return {
    openapi: '3.1.0',
    info: {
      ...{ title: 'skychat-node', version, license: { name: 'MIT', identifier: 'MIT' } },
      description: description.replaceAll('\n', ' '),
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    // A token is asked for where the node has one; on a loopback address it may have none.
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas: shapes.all,
      responses: shapes.problems,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

/** Schemas with a title are shapes that the document names once. */
class Shapes {
  readonly all: Record<string, unknown> = {};
  readonly problems: Record<string, Json> = {};
  readonly #named = new Map<string, object>();
  readonly #problemNames = new Map<string, string>();

  refer(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.refer(one));
    if (typeof value !== 'object' || value === null) return value;
    const { title } = value as Schema;
    if (typeof title !== 'string') return this.#inside(value);
    const known = this.#named.get(title);
    if (known !== undefined && known !== value) throw new Error(`${title} is two shapes`);
    this.#named.set(title, value);
    this.all[title] ??= this.#inside(value);
    return { $ref: `#/components/schemas/${title}` };
  }

  /** Most routes refuse alike: each way is in the document once. */
  referProblem(status: number, codes: readonly ProblemCode[]): Json {
    const key = codes.join(' ');
    const count = Object.keys(this.problems).filter((name) => name.startsWith(`Problem${status}`));
    const name = this.#problemNames.get(key) ?? `Problem${status}${letterOf(count.length)}`;
    this.#problemNames.set(key, name);
    this.problems[name] ??= problemAnswer(codes, this);
    return { $ref: `#/components/responses/${name}` };
  }

  #inside(schema: object): Json {
    return Object.fromEntries(
      Object.entries(schema).map(([key, value]) => [key, this.#valueOf(key, value)]),
    );
  }

  /** A property may be called `title`; its value is a schema like any other. */
  #valueOf(key: string, value: unknown): unknown {
    if (key !== 'properties') return this.refer(value);
    const properties = Object.entries(value as Record<string, Schema>);
    return Object.fromEntries(properties.map(([name, schema]) => [name, this.refer(schema)]));
  }
}

/** a, b, …, z, aa: names have no digits behind those of the status. */
function letterOf(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}

function operationOf(operation: Operation, shapes: Shapes): Json {
  const { body, example, summary, scope, tag } = operation;
  return {
    ...{ operationId: operationIdOf(operation), summary, tags: [tag], 'x-scope': scope },
    ...(operation.description !== undefined && { description: operation.description }),
    ...(scope === 'none' && { security: [] }),
    parameters: parametersOf(operation),
    ...(body !== undefined && {
      requestBody: {
        required: !body.optional,
        content: {
          'application/json': {
            schema: shapes.refer(body.schema),
            ...(example.body !== undefined && { example: example.body }),
          },
          ...(body.bare !== undefined && {
            'text/plain': { schema: { type: 'string', description: body.bare } },
          }),
        },
      },
    }),
    responses: responsesOf(operation, shapes),
  };
}

/** `GET /messages/:id/proof` is getMessagesIdProof. */
function operationIdOf({ method, url }: Operation): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return `${method.toLowerCase()}${name === '' ? 'Root' : name}`;
}

function parametersOf({ path = {}, query = {}, headers = {}, example }: Operation): Json[] {
  const places = [
    ['path', path, example.path],
    ['query', query, example.query],
    ['header', headers, example.headers],
  ] as const;
  return places.flatMap(([place, table, values]) =>
    Object.entries(table).map(([name, { schema }]) => {
      const { description: words, ...rest } = schema;
      return {
        ...{ name, in: place, ...(place === 'path' && { required: true }) },
        ...(words !== undefined && { description: words }),
        schema: rest,
        ...(values?.[name] !== undefined && { example: typed(values[name], rest) }),
      };
    }),
  );
}

/** What stands in a query is text, and its schema that of what it means. */
function typed(value: string, { type }: Schema): unknown {
  return type === 'integer' || type === 'number' ? Number(value) : value;
}

function responsesOf(operation: Operation, shapes: Shapes): Json {
  const responses: Record<string, unknown> = {};
  for (const [index, [status, answer]] of Object.entries(operation.answers).entries()) {
    responses[status] = answerOf(answer, index === 0 ? operation.example : {}, shapes);
  }
  if (operation.snapshot === true) {
    responses['304'] = { description: 'It is still what the ETag of If-None-Match names.' };
  }
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(operation)) {
    const { status } = problemKinds[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, codes] of byStatus) {
    responses[String(status)] = shapes.referProblem(status, codes.sort());
  }
  return responses;
}

function answerOf(
  { description: words, content, headers = {} }: Answer,
  { answer }: Example,
  shapes: Shapes,
): Json {
  const types = Object.entries(content).map(([type, schema], index) => [
    type,
    {
      schema: shapes.refer(schema),
      ...(index === 0 && answer !== undefined && { example: answer }),
    },
  ]);
  const named = Object.entries(headers).map(([name, { description: about, ...schema }]) => [
    name,
    { ...(about !== undefined && { description: about }), schema },
  ]);
  return {
    description: words,
    ...(named.length > 0 && { headers: Object.fromEntries(named) as Json }),
    ...(types.length > 0 && { content: Object.fromEntries(types) as Json }),
  };
}

function problemAnswer(codes: readonly ProblemCode[], shapes: Shapes): Json {
  const [first = 'internal'] = codes;
  return {
    description: codes.map((code) => problemKinds[code].title).join('; '),
    content: {
      'application/problem+json': {
        schema: shapes.refer(problemSchema),
        example: buildProblem(first, 'What was wrong this time.'),
      },
    },
    'x-problem-codes': codes,
  };
}
