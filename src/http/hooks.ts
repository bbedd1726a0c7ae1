// What the surface asks of whatever keeps the hooks: URLs by which other programs post here (incoming),
// and URLs to which this node posts what arrives (outgoing). Knows nothing of how either is done.
import type { IncomingHttpHeaders } from 'node:http';
import type { MessageEventView } from '../chat/view.ts';

interface HookBase {
  readonly id: string;
  /** Under which it posts. */
  readonly name: string;
  readonly created: string;
}

export interface IncomingHookView extends HookBase {
  readonly kind: 'incoming';
  /** Id of the group that it posts to. */
  readonly group: string;
  /** Since the node started; null where it was not used. */
  readonly last_used: string | null;
}

export interface OutgoingHookView extends HookBase {
  readonly kind: 'outgoing';
  readonly url: string;
  /** Id of the only group that it is told of; null for all. */
  readonly group: string | null;
  readonly events: readonly MessageEventView['event'][];
  /** Whether it is only told what names this node, or the hook's own name. */
  readonly mentions: boolean;
  /** Whether it is also told what bots wrote. */
  readonly bots: boolean;
  /** `dead` stays until it is revived. */
  readonly state: 'active' | 'retrying' | 'dead';
  /** Why it does not get on, in words. */
  readonly reason: string | null;
  /** Of the delivery at hand, one after the other. */
  readonly failures: number;
  readonly next_attempt: string | null;
  readonly last_delivered: string | null;
  /** Everything up to here was delivered, or is not for it. */
  readonly cursor: string;
}

export type HookView = IncomingHookView | OutgoingHookView;

/** What opens it is told once. */
export type NewHookView =
  | (IncomingHookView & { readonly secret: string })
  | (OutgoingHookView & { readonly secret: string });

export interface IncomingHookDraft {
  readonly name: string;
  /** Id or name of a group; the room where not given. */
  readonly group: string | undefined;
}

export interface OutgoingHookDraft extends IncomingHookDraft {
  /** All groups where none is named. */
  readonly group: string | undefined;
  readonly url: string;
  readonly events: readonly MessageEventView['event'][];
  readonly mentions: boolean;
  readonly bots: boolean;
}

/** A request to a hook's URL, as it came. */
export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  /** The parameters of the URL. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

export interface HookAnswer {
  readonly contentType: string;
  readonly body: string;
}

export interface Hooks {
  /** In the order in which they were made. */
  list(): readonly HookView[];
  /** @throws SkychatError `bad-field`, `unknown-group` */
  createIncoming(draft: IncomingHookDraft): Promise<NewHookView>;
  /** @throws SkychatError `bad-field`, `unknown-group` */
  createOutgoing(draft: OutgoingHookDraft): Promise<NewHookView>;
  /** @throws SkychatError `unknown-hook` */
  remove(id: string): Promise<HookView>;
  /**
   * Goes on with a dead outgoing hook where it stopped; with `skip`, with what arrives from now on.
   * @throws SkychatError `unknown-hook`
   */
  revive(id: string, skip: boolean): Promise<HookView>;
  /**
   * Posts what a request to an incoming hook says; resolves when it is on disk.
   * @throws SkychatError `unknown-hook` for a secret that opens none, and as for a post
   */
  receive(secret: string, request: HookRequest): Promise<HookAnswer>;
}
