// Sends a webhook over HTTP or HTTPS: one connection each, no redirect followed, no more of an answer
// read than its bound. Private addresses are allowed: operators run receivers on their own networks, and
// who may make a hook may do everything with the node anyway.
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { parseUtf8 } from '../bytes.ts';
import { webhookLimits } from './limits.ts';
import type { OutgoingAnswer, OutgoingRequest, Sender } from './port.ts';

export const httpSender: Sender = {
  send: ({ url, headers, body, signal }: OutgoingRequest) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      const request = target.protocol === 'https:' ? requestHttps : requestHttp;
      const sent = request(target, { method: 'POST', headers, signal, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        readAnswer(response).then(resolve, reject);
      });
      sent.end(body);
    }),
};

async function readAnswer(response: IncomingMessage): Promise<OutgoingAnswer> {
  const { statusCode: status = 0, headers } = response;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Uint8Array>) {
    length += part.length;
    // Leaving the loop closes the connection.
    if (length > webhookLimits.answerBytesMax) break;
    parts.push(part);
  }
  const isWhole = length <= webhookLimits.answerBytesMax;
  const body = isWhole ? parseUtf8(Buffer.concat(parts)) : undefined;
  return { status, retryAfter: headers['retry-after'], body };
}
