// Messages on their way to the node, below those that it has.
import type { OutboxEntry } from '../model/outbox-rules.ts';
import { link, status } from '../state/node.ts';
import { discard, outbox, sendAgain } from '../state/outbox.ts';
import { copy } from '../state/actions.ts';
import { Figure, Visible } from './name.tsx';
import { Icon } from './icon.tsx';

interface PendingProps {
  readonly group: string | null;
  readonly to: string | null;
  /** Only answers to it; null: all. */
  readonly root: string | null;
}

/** More are counted only. */
const shownMax = 30;

export function Pending({ group, to, root }: PendingProps) {
  const entries = outbox.value.filter(
    (entry) =>
      entry.group === group && entry.to === to && (root === null || entry.replyTo === root),
  );
  return (
    <div class="pending" aria-live="polite">
      {entries.slice(0, shownMax).map((entry) => (
        <PendingRow key={entry.key} entry={entry} />
      ))}
      {entries.length > shownMax && <p>{`and ${entries.length - shownMax} more`}</p>}
    </div>
  );
}

function PendingRow({ entry }: { readonly entry: OutboxEntry }) {
  const { refusal, text, key, attempts } = entry;
  const isAway = link.value.kind !== 'live';
  return (
    <div class={`message pending-row ${refusal === null ? '' : 'refused'}`}>
      <Figure pk={status.value?.pk ?? ''} />
      <div class="body">
        <div class="text" dir="auto">
          <Visible text={text.length > 600 ? `${text.slice(0, 600)}…` : text} />
        </div>
        {refusal === null ? (
          <p class="hint">
            {isAway || attempts > 1 ? 'Kept here; sent when the node is back.' : 'Sending…'}
          </p>
        ) : (
          <div class="refusal" role="alert">
            <Icon name="warn" /> <span>{`Not sent: ${refusal}`}</span>
            <button
              type="button"
              class="small"
              onClick={() => {
                sendAgain(key);
              }}
            >
              Send again
            </button>
            <button
              type="button"
              class="small"
              onClick={() => {
                void copy(text);
              }}
            >
              Copy
            </button>
            <button
              type="button"
              class="small"
              onClick={() => {
                discard(key);
              }}
            >
              Discard
            </button>
          </div>
        )}
      </div>
    </div>
  );
}
