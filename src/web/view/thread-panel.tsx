// A message and the answers to it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { findMessage, showThread, thread } from '../state/conversation.ts';
import { findGroup, members } from '../state/node.ts';
import { jumpTo } from '../state/jump.ts';
import { openId } from '../state/ui.ts';
import { Composer, type ComposerProps, type Mode } from './composer.tsx';
import { MessageRow } from './message-row.tsx';
import { PanelFrame } from './panel-frame.tsx';
import { Pending } from './pending.tsx';

/** Answers drawn at once; older ones are asked for. */
const pageAnswers = 60;

export function ThreadPanel({ root }: { readonly root: string }) {
  const [mode, setMode] = useState<Mode | null>(null);
  const end = useRef<HTMLDivElement>(null);
  const group = openId.value ?? '';
  const question = findMessage(group, root);
  const answers = thread.value;
  const count = answers?.revision.value ?? 0;
  useEffect(() => {
    void showThread(root);
  }, [root]);
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' });
  }, [count]);
  const actions = {
    isInThread: true,
    isFirstUnread: false,
    onReply: () => undefined,
    onEdit: (message: Mode['message']) => {
      setMode({ kind: 'edit', message });
    },
    onJump: (id: string) => {
      jumpTo(group, id);
    },
  };
  const messages = (answers?.timeline.messages ?? []).filter(({ id }) => id !== root);
  return (
    <PanelFrame title="Thread" class="thread">
      <div class="scroller" tabIndex={0} role="log" aria-label="Replies">
        {question == null ? (
          <p class="hint">The message is not on this node.</p>
        ) : (
          <MessageRow message={question} before={undefined} {...actions} />
        )}
        {answers !== null && !answers.timeline.isWhole && answers.isLoaded && (
          <button type="button" class="link" onClick={() => void answers.loadOlder(pageAnswers)}>
            Earlier replies
          </button>
        )}
        <div class="divider">
          <span>{messages.length === 1 ? '1 reply' : `${messages.length} replies`}</span>
        </div>
        {messages.map((message, i) => (
          <MessageRow
            key={message.id}
            message={{ ...message, reply_to: null }}
            before={messages[i - 1] ?? question ?? undefined}
            {...actions}
          />
        ))}
        <Pending group={group} to={null} root={root} />
        <div ref={end} />
      </div>
      <Foot
        group={group}
        root={root}
        mode={mode}
        onMode={setMode}
        onSent={() => end.current?.scrollIntoView({ block: 'end' })}
      />
    </PanelFrame>
  );
}

interface FootProps extends Pick<ComposerProps, 'mode' | 'onMode' | 'onSent'> {
  readonly group: string;
  readonly root: string;
}

function Foot({ group, root, ...rest }: FootProps) {
  if (findGroup(group)?.state !== 'active') return null;
  return (
    <Composer
      key={root}
      place={`${group}-${root}`}
      group={group}
      to={null}
      title="the thread"
      members={members.value.get(group) ?? []}
      root={root}
      onEditLast={() => undefined}
      {...rest}
    />
  );
}
