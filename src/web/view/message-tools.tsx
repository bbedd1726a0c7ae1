// What can be done about a message: buttons that appear where the pointer or the focus is, and the
// same by single keys.
import { useState } from 'preact/hooks';
import type { MessageView } from '../../chat/view.ts';
import { copy, erase, toggleHidden, togglePin } from '../state/actions.ts';
import { findGroup } from '../state/node.ts';
import { openThread } from '../state/ui.ts';
import { IconButton, type IconName } from './icon.tsx';
import { ReactionPicker } from './reactions.tsx';
import type { RowProps } from './message-row.tsx';

/** Asked for by a key, for the row that has the focus. */
export const keyActions: Readonly<Record<string, string>> = {
  r: 'reply',
  t: 'thread',
  '+': 'react',
  e: 'edit',
  p: 'pin',
  c: 'copy',
  Delete: 'delete',
};

function rightsOf(message: MessageView): { mayPin: boolean; mayHide: boolean } {
  const group = findGroup(message.group);
  const isAdmin = group?.role === 'founder' || group?.role === 'admin';
  const isRoster = group?.kind === 'group';
  return { mayPin: !isRoster || isAdmin, mayHide: isRoster && isAdmin && !message.mine };
}

export function MessageTools(props: RowProps) {
  const { message } = props;
  const [open, setOpen] = useState<'react' | 'delete' | null>(null);
  const done = (): void => {
    setOpen(null);
    document.getElementById(`m-${message.id}`)?.focus();
  };
  if (open === 'react') {
    return (
      <div class="tools open">
        <ReactionPicker message={message} onDone={done} />
      </div>
    );
  }
  if (open === 'delete') {
    return (
      <div class="tools open">
        <ConfirmDelete
          onAnswer={(isMeant) => {
            done();
            if (isMeant) void erase(message.id);
          }}
        />
      </div>
    );
  }
  if (message.deleted) return null;
  return (
    <div class="tools" role="toolbar" aria-label="Message">
      {toolsOf(props, setOpen).map(({ name, icon, label, pressed, onClick }) => (
        <IconButton key={name} class={`do-${name}`} {...{ icon, label, pressed, onClick }} />
      ))}
    </div>
  );
}

interface Tool {
  readonly name: string;
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly onClick: () => void;
}

function toolsOf(
  { message, onReply, onEdit, isInThread }: RowProps,
  open: (what: 'react' | 'delete') => void,
): Tool[] {
  const { hidden, mine, pinned, id, text } = message;
  const { mayPin, mayHide } = rightsOf(message);
  const all: (Tool & { readonly isThere?: boolean })[] = [
    {
      name: 'react',
      icon: 'smile',
      label: 'React (+)',
      onClick: () => {
        open('react');
      },
    },
    {
      name: 'reply',
      icon: 'reply',
      label: 'Reply (R)',
      onClick: () => {
        onReply(message);
      },
    },
    {
      ...{ name: 'thread', icon: 'thread', label: 'Open the thread (T)' },
      ...{
        onClick: () => {
          openThread(id);
        },
        isThere: isInThread !== true,
      },
    },
    {
      ...{ name: 'edit', icon: 'edit', label: 'Edit (E)' },
      ...{
        onClick: () => {
          onEdit(message);
        },
        isThere: mine && !hidden,
      },
    },
    {
      ...{ name: 'pin', icon: 'pin', label: pinned ? 'Unpin (P)' : 'Pin (P)', pressed: pinned },
      ...{ onClick: () => void togglePin(message), isThere: mayPin },
    },
    {
      ...{ name: 'hide', icon: 'hide', label: hidden ? 'Show to all again' : 'Hide from all' },
      ...{ pressed: hidden, onClick: () => void toggleHidden(message), isThere: mayHide },
    },
    { name: 'copy', icon: 'copy', label: 'Copy the text (C)', onClick: () => void copy(text) },
    {
      ...{ name: 'delete', icon: 'trash', label: 'Delete (Del)' },
      ...{
        onClick: () => {
          open('delete');
        },
        isThere: mine,
      },
    },
  ];
  return all.filter(({ isThere = true }) => isThere);
}

function ConfirmDelete({ onAnswer }: { readonly onAnswer: (isMeant: boolean) => void }) {
  return (
    <div
      class="confirm"
      role="dialog"
      aria-label="Delete this message"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') onAnswer(false);
      }}
    >
      <span>Delete for everyone? Who has read it has read it.</span>
      <button
        type="button"
        class="small danger"
        ref={(element) => {
          element?.focus({ preventScroll: true });
        }}
        onClick={() => {
          onAnswer(true);
        }}
      >
        Delete
      </button>
      <button
        type="button"
        class="small"
        onClick={() => {
          onAnswer(false);
        }}
      >
        Keep
      </button>
    </div>
  );
}
