// One joining of one group: from an invite, over the nodes that it names in turn, to a place on the
// roster and all that the group has. It goes on for as long as nobody refuses for good. Knows nothing
// of sockets or of the roster beyond whether this node is on it.
//
// waiting → connecting → knocking → syncing → done, and from each of them to failed or, for another
// try, to the next node; after the last node, to waiting.
import { buildJoinProof, inviteKeyOf, type Invite } from '../chat/groups/invite.ts';
import type { JoinView } from '../chat/view.ts';
import type { Random, Timers } from '../env.ts';
import type { ErrorCode } from '../errors.ts';
import { equal } from '../bytes.ts';
import type { PublicKey } from '../identity.ts';
import { formatEndpoint, parseEndpoint } from '../net/address.ts';
import { faultWords, inWords } from '../net/faults.ts';
import type { FailedDial } from '../net/peer.ts';
import type { Endpoint, Link } from '../net/transport.ts';
import {
  doorFrames,
  encodeKnock,
  knockTag,
  type KnockAnswer,
  type KnockCode,
} from './door-frames.ts';
import { joiningLimits } from './door-limits.ts';

/** How much of the group is here. */
export interface JoinProgress {
  /** Whether the roster, as far as it is here, has this node on it. */
  readonly isMember: boolean;
  /** Whether nothing is known to be missing. */
  readonly isInSync: boolean;
  /** Messages of the group that are here, of those that are known to exist. */
  readonly have: number;
  readonly of: number;
}

export interface JoinPorts {
  readonly self: PublicKey;
  readonly random: Pick<Random, 'unit'>;
  readonly timers: Timers;
  dial(key: PublicKey, endpoints: readonly Endpoint[]): void;
  /** Those that are open. */
  links(): Iterable<Link>;
  progress(): JoinProgress;
  onChange(): void;
}

/** What ends a joining: nothing that passes, and nothing that another member would say otherwise. */
const finalCodes: Partial<Record<KnockCode, readonly [ErrorCode, string]>> = {
  'invite-altered': ['invite-altered', 'a member finds the invite altered'],
  'invite-expired': ['invite-expired', 'the invite has expired'],
  'invite-used': ['invite-used', 'the invite was used as often as it may be'],
  'invite-revoked': ['invite-revoked', 'the invite was revoked'],
  removed: ['not-a-member', 'this node was removed from the group; only an admin can add it again'],
};

const passingCodes: Partial<Record<KnockCode, string>> = {
  'unknown-invite': 'knows of no such invite yet',
  'unknown-group': 'is not in the group yet',
  'not-ready': 'cannot let anybody in at present',
};

interface Target {
  readonly key: PublicKey;
  readonly endpoints: readonly Endpoint[];
}

type Phase = JoinView['state'];

export class Join {
  readonly invite: Invite;
  readonly #ports: JoinPorts;
  readonly #targets: readonly Target[];
  #phase: Phase = 'waiting';
  #detail: string | null = null;
  #code: ErrorCode | null = null;
  /** What is still to be tried in this round; the first of it is being tried. */
  #round: Target[] = [];
  #reasons: string[] = [];
  #failedRounds = 0;
  /** The link over which was knocked, and its name for the group. */
  #knock: { readonly link: Link; readonly tag: Uint8Array } | undefined;
  #stopTimer: (() => void) | undefined;
  #stopLook: (() => void) | undefined;
  #isClosed = false;

  constructor(invite: Invite, ports: JoinPorts) {
    this.invite = invite;
    this.#ports = ports;
    const endpoints = new Map<PublicKey, Endpoint[]>();
    for (const { pk, addresses } of invite.nodes) {
      if (pk === ports.self) continue;
      endpoints.set(pk, [...(endpoints.get(pk) ?? []), ...addresses.flatMap(endpointOf)]);
    }
    this.#targets = [...endpoints].map(([key, each]) => ({ key, endpoints: each }));
  }

  get isOver(): boolean {
    return this.#phase === 'done' || this.#phase === 'failed';
  }

  view(): JoinView {
    const { have, of } = this.#ports.progress();
    return { state: this.#phase, detail: this.#detail, code: this.#code, have, of };
  }

  seeks(key: PublicKey): boolean {
    return !this.isOver && this.#targets.some((target) => target.key === key);
  }

  start(): void {
    if (this.#ports.progress().isMember) this.#sync();
    else this.#beginRound();
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  /** There is a link; of a node that the invite names it is used at once. */
  linked(link: Link): void {
    if (!this.#isTrying) return;
    const isAwaited = this.#phase === 'connecting' && this.#round[0]?.key === link.peer;
    if (isAwaited) this.#knockOver(link);
    else if (this.#phase === 'waiting' && (this.seeks(link.peer) || this.#targets.length === 0)) {
      this.#round = [{ key: link.peer, endpoints: [] }];
      this.#knockOver(link);
    }
  }

  unlinked(link: Link, reason: string): void {
    if (this.#knock?.link !== link || !this.#isTrying) return;
    if (this.#phase === 'knocking') this.#next(`${nameOf(link.peer)}: ${inWords(reason, true)}`);
    // Who was let in syncs with whoever it is linked to.
  }

  /** A dial has come to nothing. */
  tried(key: PublicKey, failed: readonly FailedDial[], refusal: string | undefined): void {
    if (this.#phase !== 'connecting' || this.#round[0]?.key !== key || this.#isClosed) return;
    const link = this.#linkTo(key);
    if (link !== undefined) {
      this.#knockOver(link);
      return;
    }
    const reasons = failed.map(({ endpoint, fault }) => {
      return `${formatEndpoint(endpoint)}: ${faultWords[fault]}`;
    });
    if (refusal !== undefined) reasons.push(`${nameOf(key)}: ${inWords(refusal, true)}`);
    this.#next(...reasons);
  }

  answered(link: Link, { tag, code }: KnockAnswer): void {
    const knock = this.#knock;
    if (knock?.link !== link || this.#phase !== 'knocking' || !equal(knock.tag, tag)) return;
    const final = code && finalCodes[code];
    if (code === 'admitted' || code === 'already-member') this.#sync();
    else if (final !== undefined) this.#fail(...final);
    else this.#next(`${nameOf(link.peer)} ${(code && passingCodes[code]) ?? 'refuses'}`);
  }

  /** To be called when something of the group may have come. */
  look(): void {
    if (this.#phase !== 'syncing' || this.#isClosed) return;
    const { isMember, isInSync } = this.#ports.progress();
    if (isMember && isInSync) {
      this.#stop();
      this.#become('done', null);
    }
  }

  get #isTrying(): boolean {
    return !this.#isClosed && !this.isOver;
  }

  #beginRound(): void {
    this.#reasons = [];
    const named = new Set(this.#targets.map(({ key }) => key));
    // Any node that is linked may be in the group: it learns nothing where it is not.
    const others = [...this.#ports.links()].filter(({ peer }) => !named.has(peer));
    this.#round = [...this.#targets, ...others.map(({ peer }) => ({ key: peer, endpoints: [] }))];
    this.#tryFirst();
  }

  #next(...reasons: readonly string[]): void {
    this.#knock = undefined;
    this.#reasons.push(...reasons);
    this.#round.shift();
    this.#tryFirst();
  }

  #tryFirst(): void {
    this.#stop();
    for (let target = this.#round[0]; target !== undefined; target = this.#round[0]) {
      const link = this.#linkTo(target.key);
      if (link !== undefined) {
        this.#knockOver(link);
        return;
      }
      if (target.endpoints.length > 0) {
        this.#become('connecting', `dialing ${target.endpoints.map(formatEndpoint).join(', ')}`);
        this.#ports.dial(target.key, target.endpoints);
        return;
      }
      this.#round.shift();
    }
    this.#wait();
  }

  #wait(): void {
    const { roundMsMin, roundMsMax, reasonsMax } = joiningLimits;
    const ceiling = Math.min(roundMsMax, roundMsMin * 2 ** Math.min(++this.#failedRounds, 30));
    const delayMs = roundMsMin + this.#ports.random.unit() * (ceiling - roundMsMin);
    const reasons = this.#reasons.slice(0, reasonsMax).join('; ');
    this.#become('waiting', reasons === '' ? 'no node of a member is known' : reasons);
    this.#stopTimer = this.#ports.timers.after(delayMs, () => {
      this.#beginRound();
    });
  }

  #knockOver(link: Link): void {
    this.#stop();
    const { group, seed } = this.invite;
    const tag = knockTag(link.handshakeHash, group);
    this.#knock = { link, tag };
    this.#become('knocking', `asking ${nameOf(link.peer)}`);
    this.#stopTimer = this.#ports.timers.after(joiningLimits.answerMs, () => {
      this.#next(`${nameOf(link.peer)} does not answer`);
    });
    const signature = buildJoinProof(seed, group, this.#ports.self);
    link.send(doorFrames.knock, encodeKnock({ tag, invite: inviteKeyOf(seed), signature }));
  }

  #sync(): void {
    this.#stop();
    this.#failedRounds = 0;
    this.#become('syncing', null);
    // The admission may have lost against another one that it did not know of.
    this.#stopTimer = this.#ports.timers.after(joiningLimits.rosterMs, () => {
      if (!this.#ports.progress().isMember) this.#beginRound();
    });
    this.#lookLater();
    this.look();
  }

  #lookLater(): void {
    this.#stopLook = this.#ports.timers.after(joiningLimits.lookMs, () => {
      this.#lookLater();
      this.look();
    });
  }

  #fail(code: ErrorCode, words: string): void {
    this.#stop();
    this.#code = code;
    this.#become('failed', words);
  }

  #become(phase: Phase, detail: string | null): void {
    this.#phase = phase;
    this.#detail = detail;
    this.#ports.onChange();
  }

  #stop(): void {
    this.#stopTimer?.();
    this.#stopLook?.();
    this.#stopTimer = this.#stopLook = undefined;
  }

  #linkTo(key: PublicKey): Link | undefined {
    for (const link of this.#ports.links()) if (link.peer === key) return link;
    return undefined;
  }
}

function nameOf(key: PublicKey): string {
  return key.slice(0, 8);
}

/** None where it cannot be dialed: an invite may name addresses of a kind that comes later. */
function endpointOf(address: string): Endpoint[] {
  try {
    return [parseEndpoint(address)];
  } catch {
    return [];
  }
}
