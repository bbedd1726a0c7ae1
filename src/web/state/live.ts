// Brings what the event stream says to where it is shown.
import { batch, effect } from '@preact/signals';
import type { GapView, MessageView, PeerView } from '../../chat/view.ts';
import { after, now } from '../env.ts';
import { openLive } from '../live/live.ts';
import type { FromHub, Live, StreamEvent } from '../live/wire.ts';
import { oneLine } from '../model/visible.ts';
import {
  conversationOf,
  isShown,
  markRead,
  refreshMessage,
  reloadConversations,
  takeMessage,
} from './conversation.ts';
import { get, isLocked, token } from './http.ts';
import {
  findGroup,
  link,
  loadMembers,
  nameOf,
  putPeer,
  refreshGroups,
  refreshPeers,
  refreshStatus,
  status,
} from './node.ts';
import { openOutbox, send } from './outbox.ts';
import { notify } from './settings.ts';
import { announcement, openGroup, openId } from './ui.ts';

let live: Live | undefined;

/** Whether the newest messages of the open group are in view. */
export const view = { isAtEnd: true };

/** How often the figures are asked for that no event tells. */
const statusMs = 4000;

export function start(): void {
  live = openLive(token.value, handle);
  let sent = token.value;
  effect(() => {
    if (token.value === sent) return;
    sent = token.value;
    live?.send({ kind: 'token', token: sent });
    refreshAll();
  });
  effect(() => {
    const pk = status.value?.pk;
    if (pk !== undefined) openOutbox(pk);
  });
  refreshAll();
  poll();
  document.addEventListener('visibilitychange', look);
  addEventListener('focus', look);
}

export function retry(): void {
  live?.send({ kind: 'retry' });
  refreshAll();
}

function refreshAll(): void {
  refreshStatus();
  refreshGroups();
  refreshPeers();
}

function poll(): void {
  after(statusMs, () => {
    if (document.visibilityState === 'visible' && link.value.kind === 'live') {
      refreshStatus();
      refreshDeliveries();
    }
    poll();
  });
}

function handle(message: FromHub): void {
  switch (message.kind) {
    case 'state':
      takeState(message.state);
      break;
    case 'events':
      // One drawing for all of them.
      batch(() => {
        for (const event of message.events) takeEvent(event);
      });
      break;
    case 'reset':
      reload();
      break;
  }
}

function takeState(state: typeof link.value): void {
  const before = link.value.kind;
  link.value = state;
  if (state.kind === 'locked') isLocked.value = true;
  if (state.kind !== 'live' || before === 'live') return;
  isLocked.value = false;
  refreshAll();
  send();
  // The first page may have been asked for before the stream was there.
  if (openId.value !== null) void conversationOf(openId.value).loadNewest();
}

function reload(): void {
  refreshAll();
  reloadConversations();
}

function takeEvent({ cursor, event, data }: StreamEvent): void {
  switch (event) {
    case 'message':
      arrived(JSON.parse(data) as MessageView, cursor);
      break;
    case 'edit':
    case 'delete':
    case 'reaction':
    case 'ack':
    case 'pin':
    case 'hide':
      noted(JSON.parse(data) as MessageView, cursor);
      break;
    case 'peer':
      putPeer(JSON.parse(data) as PeerView);
      refreshStatus();
      break;
    case 'gap':
      // Of everything else the state as it is now tells all.
      if ((JSON.parse(data) as GapView).of === 'message') reload();
      else refreshAll();
      break;
    case 'read':
      refreshGroups();
      break;
    case 'group':
      refreshGroups();
      if (openId.value !== null) void loadMembers(openId.value).catch(() => undefined);
      break;
    default:
      // A shutdown is seen by what follows it, and what is not known has no place here.
      break;
  }
}

function noted(message: MessageView, cursor: string): void {
  takeMessage(message, cursor);
  refreshGroups();
  if (message.deleted && message.reply_to !== null) refreshAnswered(message);
}

/** What came long ago and is only now here is nothing to ring for. */
const newMs = 120_000;

function arrived(message: MessageView, cursor: string): void {
  takeMessage(message, cursor);
  refreshGroups();
  if (message.reply_to !== null) refreshAnswered(message);
  if (message.mine || now() - Date.parse(message.time) > newMs) return;
  const isOpen = openId.value === message.group;
  const line = `${message.name ?? nameOf(message.author)}: ${oneLine(message.text, 200)}`;
  if (isOpen) announcement.value = line;
  const isSeen = isOpen && document.visibilityState === 'visible' && document.hasFocus();
  const isMentioned = message.mentions.includes(status.value?.pk ?? '');
  if (!isSeen && (notify.value === 'all' || (notify.value === 'mentions' && isMentioned))) {
    ring(message, line);
  }
}

/** How many answers a message has is told by no event. */
function refreshAnswered({ group, reply_to: id }: MessageView): void {
  if (id === null || !isShown(group, id)) return;
  void get<MessageView>(`/messages/${id}`).then(refreshMessage, () => undefined);
}

function ring(message: MessageView, line: string): void {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
  const title = oneLine(findGroup(message.group)?.name ?? 'skychat-node', 80);
  // Several tabs ring for the same message: the tag makes them one.
  const shown = new Notification(title, { body: line, tag: message.id });
  shown.onclick = () => {
    focus();
    openGroup(message.group);
  };
}

/** What is in view counts as read. */
export function look(): void {
  const open = openId.value;
  if (open === null || document.visibilityState !== 'visible' || !document.hasFocus()) return;
  if (view.isAtEnd) void markRead(open);
}

/** Own messages of which is not known yet that all members have them; no event tells of it. */
const undeliveredMax = 20;

export function refreshDeliveries(): void {
  if (openId.value === null) return;
  const { messages } = conversationOf(openId.value).timeline;
  const pending = messages
    .slice(-undeliveredMax)
    .filter(({ mine, delivery }) => mine && delivery.stored.length + 1 < delivery.members);
  for (const { id } of pending) {
    void get<MessageView>(`/messages/${id}`).then(refreshMessage, () => undefined);
  }
}

/** Soon after a message was sent its delivery changes quickly. */
export function watchDelivery(): void {
  for (const ms of [150, 600, 1500]) after(ms, refreshDeliveries);
}
