// Messages on their way to the node: kept by the browser until the node has acknowledged them, so that
// neither a reload nor a node that is away loses one, and sent under one key each, so that none comes
// twice. All tabs share them.
import { signal } from '@preact/signals';
import type { MessageView } from '../../chat/view.ts';
import { after, now, randomId } from '../env.ts';
import {
  isPassing,
  isTooOld,
  parseOutbox,
  pauseMs,
  type OutboxEntry,
} from '../model/outbox-rules.ts';
import { takeMessage } from './conversation.ts';
import { ask, Problem, wordsOf } from './http.ts';
import { refreshGroups } from './node.ts';
import { directTo, openGroup, say } from './ui.ts';

export const outbox = signal<readonly OutboxEntry[]>([]);
/** Whether it is known whose messages it keeps: before that nothing can be typed. */
export const isOutboxOpen = signal(false);

/** More than a person types while a node is away. */
const entriesMax = 200;

let storageName: string | undefined;
let isSending = false;
let wake: (() => void) | undefined;

/** What was typed for one node is never sent by another that is found at the same address. */
export function openOutbox(pk: string): void {
  if (storageName !== undefined) return;
  storageName = `skychat/outbox/${pk}`;
  outbox.value = parseOutbox(localStorage.getItem(storageName));
  isOutboxOpen.value = true;
  addEventListener('storage', ({ key, newValue }) => {
    if (key === storageName) outbox.value = parseOutbox(newValue);
  });
  send();
}

function save(entries: readonly OutboxEntry[]): void {
  outbox.value = entries;
  if (storageName !== undefined) localStorage.setItem(storageName, JSON.stringify(entries));
}

/** As the other tabs left it. */
function stored(): OutboxEntry[] {
  return storageName === undefined ? [] : parseOutbox(localStorage.getItem(storageName));
}

export interface Draft {
  readonly group: string | null;
  readonly to: string | null;
  readonly text: string;
  readonly replyTo: string | null;
  readonly priority: string | null;
  readonly ack: boolean;
}

/** False where it could not be kept: then nothing is sent, and the text stays where it was typed. */
export function enqueue(draft: Draft): boolean {
  const { group, to, text, replyTo, priority, ack } = draft;
  const body = JSON.stringify({
    text,
    ...(to === null ? { group } : { to }),
    ...(replyTo !== null && { reply_to: replyTo }),
    ...(priority !== null && { priority }),
    ...(ack && { ack }),
  });
  const sent = { key: randomId(), body, time: now(), attempts: 0, refusal: null };
  const entry = { group, to, text, replyTo, ...sent };
  const entries = stored();
  if (storageName === undefined || entries.length >= entriesMax) {
    say('Nothing more can wait here until the node is back. The text stays in its field.', true);
    return false;
  }
  try {
    save([...entries, entry]);
  } catch {
    say('The browser has no room for this message. The text stays in its field.', true);
    return false;
  }
  send();
  return true;
}

/** Takes it out and gives back its text. */
export function discard(key: string): string {
  const entries = stored();
  save(entries.filter((entry) => entry.key !== key));
  return entries.find((entry) => entry.key === key)?.text ?? '';
}

/** With a new key: the reader has seen that the old attempt came to nothing. */
export function sendAgain(key: string): void {
  const again = { key: randomId(), time: now(), attempts: 0, refusal: null };
  save(stored().map((entry) => (entry.key === key ? { ...entry, ...again } : entry)));
  send();
}

/** To be called when the node is back, too. */
export function send(): void {
  wake?.();
  if (!isSending) void sendAll();
}

async function sendAll(): Promise<void> {
  isSending = true;
  for (;;) {
    const entry = stored().find(({ refusal }) => refusal === null);
    if (entry === undefined) break;
    if (isTooOld(entry, now())) {
      update(entry.key, {
        refusal: 'it may have been posted a day ago; look before sending it again',
      });
    } else if (!(await attempt(entry))) await pause(pauseMs(entry.attempts + 1));
  }
  isSending = false;
}

/** False where it is to be tried again after a while. */
async function attempt(entry: OutboxEntry): Promise<boolean> {
  update(entry.key, { attempts: entry.attempts + 1 });
  try {
    const message = await ask<MessageView>('POST', '/messages', {
      body: entry.body,
      headers: { 'idempotency-key': entry.key },
    });
    takeMessage(message, message.cursor);
    save(stored().filter(({ key }) => key !== entry.key));
    refreshGroups();
    if (entry.to !== null && directTo.value === entry.to) openGroup(message.group);
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || isPassing(error.status)) return false;
    update(entry.key, { refusal: wordsOf(error) });
    return true;
  }
}

function update(key: string, changes: Partial<OutboxEntry>): void {
  save(stored().map((entry) => (entry.key === key ? { ...entry, ...changes } : entry)));
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = after(ms, resolve);
    wake = () => {
      cancel();
      resolve();
    };
  });
  wake = undefined;
}
