// The headers by which a receiver knows who sent a webhook and that nothing was changed or repeated:
// Standard Webhooks 1.0, symmetric (https://www.standardwebhooks.com). Knows nothing of requests.
import { createHmac } from 'node:crypto';
import type { Random } from '../env.ts';

/** Bytes; the specification asks for 24 to 64. */
const keyBytes = 32;
const secretPrefix = 'whsec_';

export function buildSecret(random: Pick<Random, 'bytes'>): string {
  return secretPrefix + Buffer.from(random.bytes(keyBytes)).toString('base64');
}

export interface Signed {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

export function buildSignature(secret: string, { id, timestamp, body }: Signed): string {
  const key = Buffer.from(secret.slice(secretPrefix.length), 'base64');
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`);
  return `v1,${hmac.digest('base64')}`;
}

export function buildHeaders(secret: string, signed: Signed): Record<string, string> {
  return {
    'webhook-id': signed.id,
    'webhook-timestamp': String(signed.timestamp),
    'webhook-signature': buildSignature(secret, signed),
  };
}
