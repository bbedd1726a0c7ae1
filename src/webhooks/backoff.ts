// How long to wait before the next attempt: full jitter, so that receivers which come back are not
// met by all at once. Pure.
import type { Random } from '../env.ts';
import { webhookLimits } from './limits.ts';

/** @param failures so many attempts have failed, at least one */
export function backoffMs(
  failures: number,
  random: Pick<Random, 'unit'>,
  { backoffMsMin, backoffMsMax }: Pick<WebhookTimes, 'backoffMsMin' | 'backoffMsMax'>,
): number {
  const most = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 40));
  return Math.ceil(random.unit() * most);
}

/** What a test wants shorter. */
export interface WebhookTimes {
  readonly attemptMs: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  readonly attemptsMax: number;
  readonly faultMs: number;
}

export const webhookTimes: WebhookTimes = webhookLimits;
