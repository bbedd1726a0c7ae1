// What can be done about a message: buttons that appear where the pointer or the focus is, and the
// same by single keys.
import { useState } from 'preact/hooks';
import type { MessageView } from '../../chat/view.ts';
import { copy, erase, toggleHidden, togglePin } from '../state/actions.ts';
import { findGroup } from '../state/node.ts';
import { openThread } from '../state/ui.ts';
import { IconButton } from './icon.tsx';
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
  const { message, onReply, onEdit } = props;
  const [isReacting, setReacting] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const { mayPin, mayHide } = rightsOf(message);
  const { deleted, hidden, mine, pinned, id } = message;
  if (isReacting) {
    return (
      <div class="tools open">
        <ReactionPicker
          message={message}
          onDone={() => {
            setReacting(false);
            document.getElementById(`m-${id}`)?.focus();
          }}
        />
      </div>
    );
  }
  if (isDeleting) {
    return (
      <div class="tools open">
        <ConfirmDelete
          onAnswer={(isMeant) => {
            setDeleting(false);
            document.getElementById(`m-${id}`)?.focus();
            if (isMeant) void erase(id);
          }}
        />
      </div>
    );
  }
  if (deleted) return null;
  const react = (): void => {
    setReacting(true);
  };
  return (
    <div class="tools" role="toolbar" aria-label="Message">
      <IconButton icon="smile" label="React (+)" class="do-react" onClick={react} />
      <IconButton
        icon="reply"
        label="Reply (R)"
        class="do-reply"
        onClick={() => {
          onReply(message);
        }}
      />
      {props.isInThread !== true && (
        <IconButton
          icon="thread"
          label="Open the thread (T)"
          class="do-thread"
          onClick={() => {
            openThread(id);
          }}
        />
      )}
      {mine && !hidden && (
        <IconButton
          icon="edit"
          label="Edit (E)"
          class="do-edit"
          onClick={() => {
            onEdit(message);
          }}
        />
      )}
      {mayPin && (
        <IconButton
          icon="pin"
          label={pinned ? 'Unpin (P)' : 'Pin (P)'}
          class="do-pin"
          pressed={pinned}
          onClick={() => void togglePin(message)}
        />
      )}
      {mayHide && (
        <IconButton
          icon="hide"
          label={hidden ? 'Show to all again' : 'Hide from all'}
          pressed={hidden}
          onClick={() => void toggleHidden(message)}
        />
      )}
      <IconButton
        icon="copy"
        label="Copy the text (C)"
        class="do-copy"
        onClick={() => void copy(message.text)}
      />
      {mine && (
        <IconButton
          icon="trash"
          label="Delete (Del)"
          class="do-delete"
          onClick={() => {
            setDeleting(true);
          }}
        />
      )}
    </div>
  );
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
