// A message out of its place: it leads back to where it was said.
import type { MessageView } from '../../chat/view.ts';
import { now } from '../env.ts';
import { briefTime, fullTime } from '../model/times.ts';
import { findGroup } from '../state/node.ts';
import { jumpTo } from '../state/jump.ts';
import { Figure, Name, Visible } from './name.tsx';
import { Marked } from './marked.tsx';

interface CardProps {
  readonly message: MessageView;
  /** Marked where the text has them. */
  readonly words?: readonly string[];
  readonly isGroupShown?: boolean;
}

const shownChars = 400;

export function MessageCard({ message, words = [], isGroupShown = false }: CardProps) {
  const { id, group, author, name, text, time } = message;
  return (
    <button
      type="button"
      class="card"
      onClick={() => {
        jumpTo(group, id);
      }}
    >
      <Figure pk={author} size="small" />
      <span class="card-body">
        <span class="line">
          <Name pk={author} name={name} />
          {isGroupShown && (
            <span class="hint">
              in <Visible text={findGroup(group)?.name ?? ''} />
            </span>
          )}
          <time dateTime={time} title={fullTime(time)}>
            {briefTime(time, now())}
          </time>
        </span>
        <span class="card-text" dir="auto">
          <Marked
            text={text.length > shownChars ? `${text.slice(0, shownChars)}…` : text}
            words={words}
          />
        </span>
      </span>
    </button>
  );
}
