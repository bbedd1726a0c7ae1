// What the reader looks at: which conversation, which panel beside it, which dialog above it. Kept in
// the address where going back should undo it.
import { signal } from '@preact/signals';
import { after, randomId } from '../env.ts';

export type Panel =
  | { readonly kind: 'thread'; readonly id: string }
  | { readonly kind: 'search' | 'members' | 'pins' | 'network' | 'settings' };

export type Dialog =
  'create' | 'join' | 'invite' | 'describe' | 'kept' | 'leave' | 'shortcuts' | 'peer';

/** Id of the open group; null: the list alone. */
export const openId = signal<string | null>(null);
/** Key of somebody to whom nothing was said yet. */
export const directTo = signal<string | null>(null);
export const panel = signal<Panel | null>(null);
export const dialog = signal<Dialog | null>(null);
/** Id of the message that keys act on. */
export const active = signal<string | null>(null);
/** What is said to those who do not see the page. */
export const announcement = signal('');

export interface Note {
  readonly id: string;
  readonly text: string;
  readonly isError: boolean;
}

export const notes = signal<readonly Note[]>([]);

const noteMs = 6000;
/** More cover the page. */
const notesMax = 3;

/** Says something for a while at the edge of the page. */
export function say(text: string, isError = false): void {
  const note = { id: randomId(), text, isError };
  notes.value = [...notes.value, note].slice(-notesMax);
  after(noteMs, () => {
    notes.value = notes.value.filter(({ id }) => id !== note.id);
  });
}

export function openGroup(id: string | null): void {
  location.hash = id === null ? '' : `#/g/${id}`;
}

export function openDirect(key: string): void {
  location.hash = `#/to/${key}`;
}

export function readAddress(): void {
  const [, kind, id = ''] = /^#\/(g|to)\/([0-9a-f]{64})$/.exec(location.hash) ?? [];
  openId.value = kind === 'g' ? id : null;
  directTo.value = kind === 'to' ? id : null;
  active.value = null;
  if (panel.value?.kind === 'thread' || panel.value?.kind === 'pins') panel.value = null;
}

export function togglePanel(kind: Exclude<Panel['kind'], 'thread'>): void {
  panel.value = panel.value?.kind === kind ? null : { kind };
}

export function openThread(id: string): void {
  panel.value = { kind: 'thread', id };
}
