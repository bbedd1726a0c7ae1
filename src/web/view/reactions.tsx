// Reactions: who gave which, and a choice of usual ones.
import { useState } from 'preact/hooks';
import type { MessageView } from '../../chat/view.ts';
import { oneLine } from '../model/visible.ts';
import { toggleReaction } from '../state/actions.ts';
import { nameOf, status } from '../state/node.ts';
import { Visible } from './name.tsx';

const usual = ['👍', '✅', '👀', '🎉', '❤️', '😂', '🙏', '🔥', '🚀', '😕', '❌', '👎'];

export function Reactions({ message }: { readonly message: MessageView }) {
  const own = status.value?.pk ?? '';
  return (
    <div class="reactions" role="group" aria-label="Reactions">
      {Object.entries(message.reactions).map(([emoji, by]) => (
        <button
          key={emoji}
          type="button"
          class="reaction"
          aria-pressed={by.includes(own)}
          title={oneLine(by.map(nameOf).join(', '), 300)}
          onClick={() => void toggleReaction(message, emoji)}
        >
          <bdi>
            <Visible text={emoji} />
          </bdi>
          <span class="hidden"> by </span>
          <b>{by.length}</b>
        </button>
      ))}
    </div>
  );
}

interface PickerProps {
  readonly message: MessageView;
  readonly onDone: () => void;
}

/** Any single emoji can be given; the node says where it is none. */
export function ReactionPicker({ message, onDone }: PickerProps) {
  const [other, setOther] = useState('');
  const give = (emoji: string): void => {
    onDone();
    if (emoji !== '') void toggleReaction(message, emoji);
  };
  return (
    <div
      class="picker"
      role="dialog"
      aria-label="React"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') onDone();
      }}
    >
      {usual.map((emoji, i) => (
        <button
          key={emoji}
          type="button"
          ref={(element) => {
            if (i === 0 && other === '') element?.focus({ preventScroll: true });
          }}
          onClick={() => {
            give(emoji);
          }}
        >
          {emoji}
        </button>
      ))}
      <input
        aria-label="Another emoji"
        placeholder="other…"
        value={other}
        maxLength={32}
        onInput={({ currentTarget }) => {
          setOther(currentTarget.value);
        }}
        onKeyDown={({ key }) => {
          if (key === 'Enter') give(other.trim());
        }}
      />
    </div>
  );
}
