// The whole page: the list, the conversation, and what stands beside and above them.
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { oneLine } from '../model/visible.ts';
import { isLocked } from '../state/http.ts';
import { findGroup, groups, link, unreadTotal } from '../state/node.ts';
import { announcement, dialog, directTo, notes, openId, panel } from '../state/ui.ts';
import { Aside } from './aside.tsx';
import { ConversationView } from './conversation-view.tsx';
import { Dialogs } from './dialogs.tsx';
import { DirectView } from './direct-view.tsx';
import { openNeighbour, Sidebar, sortedGroups } from './sidebar.tsx';
import { TokenForm } from './token-form.tsx';

/** Wide enough for the list and a conversation side by side. */
const wide = matchMedia('(min-width: 721px)');

export function App() {
  useEffect(() => {
    document.addEventListener('keydown', handleKey);
    return () => {
      document.removeEventListener('keydown', handleKey);
    };
  }, []);
  const group = findGroup(openId.value);
  const title = group === undefined ? 'skychat-node' : oneLine(group.name, 60);
  useEffect(() => {
    const unread = unreadTotal.value;
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
  }, [unreadTotal.value, title]);
  const isList = groups.value !== undefined;
  useLayoutEffect(() => {
    // A wide page has room for a conversation at once.
    const [first] = sortedGroups();
    if (wide.matches && openId.value === null && directTo.value === null && first !== undefined) {
      history.replaceState(null, '', `#/g/${first.id}`);
      openId.value = first.id;
    }
  }, [isList]);
  if (isLocked.value) return <TokenForm />;
  const isOpen = openId.value !== null || directTo.value !== null;
  return (
    <div class={`app ${isOpen ? 'has-open' : ''} ${panel.value === null ? '' : 'has-panel'}`}>
      <Sidebar />
      <Centre />
      <Aside />
      <Dialogs />
      <div class="notes" role="status" aria-live="polite">
        {notes.value.map(({ id, text, isError }) => (
          <p key={id} class={isError ? 'note error' : 'note'}>
            {text}
          </p>
        ))}
      </div>
      <div class="hidden" role="status" aria-live="polite" aria-label="New messages">
        {announcement.value}
      </div>
    </div>
  );
}

function Centre() {
  const group = findGroup(openId.value);
  if (group !== undefined) return <ConversationView group={group} key={group.id} />;
  if (directTo.value !== null) return <DirectView pk={directTo.value} key={directTo.value} />;
  return (
    <main class="conversation nothing">
      <p>{wordsOf()}</p>
    </main>
  );
}

function wordsOf(): string {
  if (groups.value !== undefined) {
    return openId.value === null ? 'Choose a conversation.' : 'This node has no such group.';
  }
  return link.value.kind === 'unreachable' ? 'The node cannot be reached.' : 'Loading…';
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function handleKey(event: KeyboardEvent): void {
  const { key, altKey, ctrlKey, metaKey, target } = event;
  if (event.defaultPrevented || dialog.value !== null) return;
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'k') {
    event.preventDefault();
    panel.value = { kind: 'search' };
    document.querySelector<HTMLInputElement>('.search input')?.focus();
  } else if (altKey && (key === 'ArrowUp' || key === 'ArrowDown')) {
    event.preventDefault();
    openNeighbour(key === 'ArrowUp' ? -1 : 1);
  } else if (isTyping(target) || ctrlKey || metaKey || altKey) return;
  else if (key === '?') {
    event.preventDefault();
    dialog.value = 'shortcuts';
  } else if (key === 'Escape') document.querySelector<HTMLElement>('main textarea')?.focus();
}
