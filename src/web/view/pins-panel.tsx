// The pinned messages of the open conversation.
import { useEffect, useState } from 'preact/hooks';
import type { MessageView, Page } from '../../chat/view.ts';
import { conversationOf } from '../state/conversation.ts';
import { get, wordsOf } from '../state/http.ts';
import { openId } from '../state/ui.ts';
import { MessageCard } from './message-card.tsx';
import { PanelFrame } from './panel-frame.tsx';

export function PinsPanel() {
  const [pins, setPins] = useState<readonly MessageView[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const group = openId.value;
  const changes = group === null ? 0 : conversationOf(group).revision.value;
  useEffect(() => {
    if (group === null) return;
    get<Page>(`/messages?group=${group}&pinned=1&limit=100`).then(
      ({ messages }) => {
        setPins([...messages].reverse());
        setFailure(null);
      },
      (error: unknown) => {
        setFailure(wordsOf(error));
      },
    );
  }, [group, changes]);
  return (
    <PanelFrame title="Pinned">
      <div class="results">
        {failure !== null && <p class="error">{failure}</p>}
        {pins?.length === 0 && <p class="hint">Nothing is pinned here.</p>}
        {pins?.map((message) => (
          <MessageCard key={message.id} message={message} />
        ))}
      </div>
    </PanelFrame>
  );
}
