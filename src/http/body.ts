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
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    throw new SkychatError('bad-json', 'the body does not parse as JSON');
  }
  if (isObject(value) && countMembers(text) !== Object.keys(value).length) {
    throw new SkychatError('bad-json', 'a field is given twice');
  }
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The members of the object itself, in text that is valid JSON. JSON.parse keeps the last of two of
 * one name, other parsers the first: a guard before this one may have read another body.
 */
function countMembers(text: string): number {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x3a:
        if (depth === 1) members++;
        break;
      case 0x5b:
      case 0x7b:
        depth++;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
    }
  }
  return members;
}

/** The place of the quotation mark that ends what one at `start` begins. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
}

function decode(bytes: Uint8Array): string {
  const text = parseUtf8(bytes);
  if (text === undefined) throw new SkychatError('bad-text', 'the body is not valid UTF-8');
  return text;
}
