// When to dial a peer again, and the dial itself: connect, handshake, a link that waits to be
// accepted. Knows nothing of other peers, so that none delays another.
import type { Clock, Random, Timers } from '../env.ts';
import type { Identity, PublicKey } from '../identity.ts';
import type { Endings } from './endings.ts';
import { Handshake, type HandshakeFault } from './handshake.ts';
import * as limits from './limits.ts';
import type { NoiseCrypto } from './noise.ts';
import type { Secured } from './handshake.ts';
import type { Endpoint, Transport } from './transport.ts';

/**
 * Why there is no link: the peer cannot be reached; it (or its address) refuses this node; or it
 * believes that there is a link already.
 */
export type Obstacle = 'unreachable' | 'refusing' | 'connected';

/** Milliseconds to wait after the given number of failures in a row (1, 2, …); full jitter. */
export function retryDelayMs(obstacle: Obstacle, failures: number, unit: number): number {
  const [min, max] = bounds[obstacle];
  const ceiling = Math.min(max, min * 2 ** Math.min(failures, 30));
  return min + unit * (ceiling - min);
}

const bounds: Record<Obstacle, readonly [min: number, max: number]> = {
  unreachable: [limits.retryMsMin, limits.retryMsMax],
  refusing: [limits.refusedRetryMsMin, limits.refusedRetryMsMax],
  connected: [limits.retryMsMin, limits.connectedRetryMsMax],
};

export interface DialPorts {
  readonly identity: Identity;
  readonly transport: Transport;
  readonly crypto: NoiseCrypto;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly endings: Endings;
}

export interface DialOwner {
  onSecured(secured: Secured): void;
  onFailed(fault: HandshakeFault | 'unreachable', detail: string): void;
}

/** Dials once. The function that it returns gives up; the owner then hears no more. */
export function dial(
  ports: DialPorts,
  peer: PublicKey,
  endpoint: Endpoint,
  owner: DialOwner,
): () => void {
  const { transport, identity, crypto, timers, endings } = ports;
  const controller = new AbortController();
  const { signal } = controller;
  let handshake: Handshake | undefined;
  const cancelDeadline = timers.after(limits.connectMs, () => {
    controller.abort(new Error(`no answer within ${limits.connectMs / 1000} s`));
  });
  let givenUp = false;
  transport.dial(endpoint, signal).then(
    (stream) => {
      cancelDeadline();
      if (signal.aborted) {
        stream.destroy();
        if (!givenUp) owner.onFailed('unreachable', 'no answer in time');
        return;
      }
      handshake = new Handshake(
        { stream, identity, crypto, timers, peer },
        {
          onSecured: (secured) => {
            owner.onSecured(secured);
          },
          onFault: (fault, detail) => {
            if (fault !== 'handshake-closed') endings.end(stream);
            owner.onFailed(fault, detail);
          },
        },
      );
    },
    (error: unknown) => {
      cancelDeadline();
      const detail = error instanceof Error ? error.message : String(error);
      if (!givenUp) owner.onFailed('unreachable', detail);
    },
  );
  return () => {
    givenUp = true;
    cancelDeadline();
    controller.abort(new Error('given up'));
    handshake?.abandon();
  };
}
