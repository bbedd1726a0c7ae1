// What stands above the messages: that older ones are on their way, why they are not, or that there
// are none.
import type { GroupView } from '../../chat/view.ts';
import type { Conversation } from '../state/conversation.ts';
import { DialogButton } from './dialog.tsx';
import { Visible } from './name.tsx';

interface BeginningProps {
  readonly conversation: Conversation;
  readonly group: GroupView;
}

export function Beginning({ conversation, group }: BeginningProps) {
  const { failure, timeline, isLoaded } = conversation;
  const isBusy = conversation.isLoading.value || !isLoaded;
  if (failure.value !== null) {
    return (
      <div class="beginning" role="alert">
        <p class="error">{failure.value}</p>
        <button
          type="button"
          class="small"
          onClick={() => {
            void (isLoaded ? conversation.loadOlder() : conversation.loadNewest());
          }}
        >
          Try again
        </button>
      </div>
    );
  }
  if (isBusy || !timeline.isWhole) {
    return <p class="beginning busy">{isLoaded ? 'Older messages…' : 'Messages…'}</p>;
  }
  const isEmpty = timeline.messages.length === 0;
  return (
    <div class="beginning">
      <h2>
        <Visible text={group.name} />
      </h2>
      <p>{wordsOf(group)}</p>
      {isEmpty && group.members < 2 && group.kind === 'group' && (
        <DialogButton opens="invite" class="primary">
          Invite somebody
        </DialogButton>
      )}
    </div>
  );
}

function wordsOf({ kind, encrypted, history, members }: GroupView): string {
  const readers = encrypted
    ? 'Only its members can read what is said here.'
    : 'Its members read what is said here.';
  const start =
    !history && kind === 'group'
      ? 'This is where your part of the conversation begins.'
      : 'This is the beginning of the conversation.';
  if (kind === 'direct') return `${start} Only the two of you can read it.`;
  if (kind !== 'room') return `${start} ${readers}`;
  const alone = members < 2 ? ' Nobody else is here yet: link another node under “Network”.' : '';
  return `${start} Everybody whom this node’s members trust reads it.${alone}`;
}
