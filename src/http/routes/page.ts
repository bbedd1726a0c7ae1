// The page for people at `/`, and the parts that it loads; who asks for anything but HTML gets the
// cheat sheet. The page holds nothing that is secret: what it shows it asks for as every client does.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SkychatError } from '../../errors.ts';
import { cheatSheet } from '../cheat-sheet.ts';
import { addRoute, nothing } from '../operation.ts';
import type { FieldReader } from '../fields.ts';
import { withSchema } from '../schema.ts';
import type { Surface } from '../surface.ts';
import type { WebFile } from '../web-files.ts';

/**
 * Nothing runs and nothing is asked for but what this surface serves. A string can become code only
 * through the one policy that names the page's own worker (Trusted Types).
 */
const policy = [
  "default-src 'none'",
  ...['script', 'style', 'connect', 'img', 'worker'].map((kind) => `${kind}-src 'self'`),
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ...["require-trusted-types-for 'script'", 'trusted-types worker'],
].join('; ');

const headers = {
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

const tag = 'node';

/** Whether there is one is seen when it is looked for. */
const partName: FieldReader<string> = withSchema({ type: 'string' }, (value) => value);

export function addPageRoutes(fastify: FastifyInstance, { web }: Surface): void {
  addRoute(fastify, {
    ...{ method: 'GET', url: '/', tag, scope: 'none' },
    summary: 'The page for a browser, and a page of curl lines for anybody else',
    answers: {
      200: {
        description: 'The page.',
        content: { 'text/plain': { type: 'string' }, 'text/html': { type: 'string' } },
      },
      304: nothing('The browser has it.'),
    },
    problems: [],
    example: {},
    handle: (_input, request, reply) => {
      reply.header('vary', 'Accept, Accept-Encoding');
      if (web !== undefined && asksForHtml(request)) {
        return sendFile(request, reply.header('cache-control', 'no-cache'), web.index);
      }
      return reply.type('text/plain; charset=utf-8').send(cheatSheet(request.headers.host ?? ''));
    },
  });

  addRoute(fastify, {
    ...{ method: 'GET', url: '/web/:file', tag, scope: 'none' },
    summary: 'A part of the page, under a name that changes with what is in it',
    path: { file: partName },
    answers: {
      200: {
        description: 'The part.',
        content: {
          'text/javascript': { type: 'string' },
          'text/css': { type: 'string' },
          'image/svg+xml': { type: 'string' },
        },
      },
      304: nothing('The browser has it.'),
    },
    problems: ['unknown-route'],
    example: { path: { file: 'main-EXAMPLE.js' } },
    handle: ({ path }, request, reply) => {
      const file = web?.parts.get(path.file);
      if (file === undefined) throw new SkychatError('unknown-route', 'nothing is served there');
      reply.header('vary', 'Accept-Encoding');
      // Another content has another name.
      reply.header('cache-control', 'public, max-age=31536000, immutable');
      return sendFile(request, reply, file);
    },
  });
}

function asksForHtml({ headers: { accept = '' } }: FastifyRequest): boolean {
  return /\btext\/html\b/i.test(accept);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: WebFile): FastifyReply {
  reply.headers({ ...headers, etag: file.etag });
  const known = request.headers['if-none-match']?.split(',') ?? [];
  if (known.some((tag) => tag.trim().replace(/^W\//, '') === file.etag)) {
    return reply.code(304).send();
  }
  reply.type(file.type);
  const isPacked = /\bgzip\b/i.test(request.headers['accept-encoding'] ?? '');
  if (!isPacked) return reply.send(file.bytes);
  return reply.header('content-encoding', 'gzip').send(file.gzip);
}
