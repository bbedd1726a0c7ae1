// Reads bodies: JSON, or the bare text that curl sends. Knows nothing of what they say.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseUtf8 } from '../bytes.ts';
import { SkychatError } from '../errors.ts';

/** A body as it came and as it was understood; the bytes decide whether a retry is the same. */
export type RequestBody =
  | { readonly kind: 'text'; readonly bytes: Uint8Array; readonly text: string }
  | { readonly kind: 'json'; readonly bytes: Uint8Array; readonly value: unknown };

const nothing: RequestBody = { kind: 'text', bytes: new Uint8Array(), text: '' };

export function bodyOf(request: FastifyRequest): RequestBody {
  return (request.body as RequestBody | undefined) ?? nothing;
}

/** An empty body is an empty text, whatever its type. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer' } as const;
  const parserOf = (read: (bytes: Uint8Array) => RequestBody) => {
    return (request: FastifyRequest, body: Buffer, done: Done): void => {
      try {
        done(null, readChecked(request, body, read));
      } catch (error) {
        done(error as Error);
      }
    };
  };
  fastify.addContentTypeParser('application/json', options, parserOf(readJson));
  const textTypes = ['text/plain', 'application/x-www-form-urlencoded'];
  fastify.addContentTypeParser(textTypes, options, parserOf(readText));
  fastify.addContentTypeParser('*', options, parserOf(readText));
}

type Done = (error: Error | null, body?: unknown) => void;

function readChecked(
  request: FastifyRequest,
  body: Buffer,
  read: (bytes: Uint8Array) => RequestBody,
): RequestBody {
  if (request.is404) return nothing;
  const { 'content-type': type, 'content-encoding': encoding = 'identity' } = request.headers;
  if (encoding.toLowerCase() !== 'identity') {
    throw new SkychatError('unsupported-media-type', 'the body has a Content-Encoding');
  }
  if (type !== undefined && !isRead(type)) {
    throw new SkychatError('unsupported-media-type', 'the Content-Type is not one that is read');
  }
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.length);
  return bytes.length === 0 ? nothing : read(bytes);
}

const readTypes = new Set(['application/json', 'text/plain', 'application/x-www-form-urlencoded']);
const readCharsets = new Set(['utf-8', 'utf8', 'us-ascii']);

function isRead(type: string): boolean {
  const [essence = ''] = type.split(';', 1);
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1];
  if (charset !== undefined && !readCharsets.has(charset.toLowerCase())) return false;
  return readTypes.has(essence.trim().toLowerCase());
}

function readText(bytes: Uint8Array): RequestBody {
  return { kind: 'text', bytes, text: decode(bytes) };
}

function readJson(bytes: Uint8Array): RequestBody {
  return { kind: 'json', bytes, value: parseJson(decode(bytes)) };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SkychatError('bad-json', 'the body does not parse as JSON');
  }
}

function decode(bytes: Uint8Array): string {
  const text = parseUtf8(bytes);
  if (text === undefined) throw new SkychatError('bad-text', 'the body is not valid UTF-8');
  return text;
}
