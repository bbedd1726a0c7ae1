// Holds each answer of an HTTP surface against what its /openapi.json says: the status, the media type,
// the shape, and the code of a problem. A field that the document does not name is a fault as well.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { expect, onTestFinished } from 'vitest';
import { buildOpenApi } from '../../src/http/openapi.ts';
import { problemsOf, type Operation } from '../../src/http/operation.ts';
import { problemSchema } from '../../src/http/schemas/problem.ts';

/** Whether a test makes the double of the node refuse for reasons that it could not have. */
export type Strictness = 'declared codes' | 'any code';

export function watchContract(fastify: FastifyInstance, strictness: Strictness): void {
  const faults: string[] = [];
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const fault = faultOf(request, reply, payload, strictness);
    if (fault !== undefined) {
      faults.push(`${request.method} ${request.url} ${reply.statusCode}: ${fault}`);
    }
    done(null, payload);
  });
  onTestFinished(() => {
    expect(faults).toEqual([]);
  });
}

function faultOf(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  strictness: Strictness,
): string | undefined {
  const { operation } = request.routeOptions.config;
  const type = String(reply.getHeader('content-type')).split(';')[0] ?? '';
  if (type === 'application/problem+json') {
    const problem = JSON.parse(payload as string) as { code: string };
    const codes: readonly string[] = operation === undefined ? [] : problemsOf(operation);
    if (
      operation !== undefined &&
      strictness === 'declared codes' &&
      !codes.includes(problem.code)
    ) {
      return `the code ${problem.code} is not declared`;
    }
    return wrongIn(validatorOf('problem', problemSchema), problem);
  }
  if (operation === undefined) return 'no problem, and nothing is declared';
  const answer = operation.answers[reply.statusCode];
  if (answer === undefined) return 'the status is not declared';
  if (payload === undefined || payload === null || payload === '') return undefined;
  const schema = answer.content[type];
  if (schema === undefined) return `the type ${type} is not declared`;
  if (type !== 'application/json') return undefined;
  return wrongAnswer(operation, reply.statusCode, JSON.parse(payload as string));
}

/** Words about what is wrong with the JSON of an answer; undefined where nothing is. */
export function wrongAnswer(
  operation: Operation,
  status: number,
  value: unknown,
): string | undefined {
  const key = `${operation.method} ${operation.url} ${status}`;
  const known = validators.get(key);
  if (known !== undefined) return wrongIn(known, value);
  const document = buildOpenApi([operation]);
  const paths = document['paths'] as Record<string, Record<string, { responses: Responses }>>;
  const [path = {}] = Object.values(paths);
  const [{ responses } = { responses: {} as Responses }] = Object.values(path);
  const schema = responses[status]?.content?.['application/json']?.schema ?? {};
  const { components } = document as { components: { schemas: object } };
  // The references of the document point into its components.
  return wrongIn(validatorOf(key, { ...schema, components }), value);
}

type Responses = Record<number, { content?: Record<string, { schema: object }> }>;

const validators = new Map<string, ValidateFunction>();
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);

function validatorOf(key: string, schema: object): ValidateFunction {
  const known = validators.get(key) ?? ajv.compile(closed(schema) as object);
  validators.set(key, known);
  return known;
}

function wrongIn(validate: ValidateFunction, value: unknown): string | undefined {
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

/** The same schema, of objects that have nothing but what it names. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inside = Object.entries(value).map(([key, one]) => [key, closed(one)] as const);
  const schema = Object.fromEntries(inside) as Record<string, unknown>;
  const isOpen = 'properties' in schema && schema['additionalProperties'] === undefined;
  return isOpen ? { ...schema, additionalProperties: false } : schema;
}
