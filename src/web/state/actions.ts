// What the reader does about messages that are there: each is one request, and its answer is shown.
import type { GroupView, MessageView } from '../../chat/view.ts';
import { refreshMessage } from './conversation.ts';
import { ask, wordsOf } from './http.ts';
import { loadMembers, putGroup, refreshGroups, status } from './node.ts';
import { say } from './ui.ts';

async function change(method: string, path: string, json?: unknown): Promise<boolean> {
  try {
    refreshMessage(await ask<MessageView>(method, path, json === undefined ? {} : { json }));
    return true;
  } catch (error) {
    say(wordsOf(error), true);
    return false;
  }
}

/** False where it did not come about; the reader was told why. */
export function edit(id: string, text: string): Promise<boolean> {
  return change('PATCH', `/messages/${id}`, { text });
}

export function erase(id: string): Promise<boolean> {
  return change('DELETE', `/messages/${id}`);
}

export function toggleReaction(message: MessageView, emoji: string): Promise<boolean> {
  const own = status.value?.pk ?? '';
  const isOn = message.reactions[emoji]?.includes(own) === true;
  const path = `/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`;
  return change(isOn ? 'DELETE' : 'PUT', path);
}

export function acknowledge(id: string): Promise<boolean> {
  return change('PUT', `/messages/${id}/ack`);
}

export function togglePin({ id, pinned }: MessageView): Promise<boolean> {
  return change(pinned ? 'DELETE' : 'PUT', `/messages/${id}/pin`);
}

export function toggleHidden({ id, hidden }: MessageView): Promise<boolean> {
  return change(hidden ? 'DELETE' : 'PUT', `/messages/${id}/hide`);
}

/** A change of a group or its members; undefined where it did not come about. */
export async function changeGroup(
  method: string,
  path: string,
  json?: unknown,
): Promise<GroupView | undefined> {
  try {
    const group = await ask<GroupView>(method, path, json === undefined ? {} : { json });
    putGroup(group);
    refreshGroups();
    if (/\/(members|admins)\//.test(path)) await loadMembers(group.id);
    return group;
  } catch (error) {
    say(wordsOf(error), true);
    return undefined;
  }
}

export async function copy(text: string): Promise<void> {
  // Without TLS, and away from localhost, a page may not write to the clipboard.
  const { clipboard } = navigator as { clipboard?: Clipboard };
  try {
    if (clipboard === undefined) throw new Error('no clipboard');
    await clipboard.writeText(text);
    say('Copied.');
  } catch {
    say('The browser does not let this page copy: mark the text and copy it.', true);
  }
}
