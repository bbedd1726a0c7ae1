// Above a conversation: what it is called, who is in it, and the ways into what stands beside it.
import type { GroupView } from '../../chat/view.ts';
import { openGroup, panel, togglePanel } from '../state/ui.ts';
import { DialogButton } from './dialog.tsx';
import { Icon, IconButton } from './icon.tsx';
import { Visible } from './name.tsx';

export function ConversationHead({ group }: { readonly group: GroupView }) {
  const { name, topic, encrypted, members, kind, role, state } = group;
  const isRoster = kind === 'group' && state === 'active';
  const isAdmin = role !== 'member';
  return (
    <header class="head">
      <IconButton
        icon="back"
        label="All conversations"
        class="phone"
        onClick={() => {
          openGroup(null);
        }}
      />
      <div class="title">
        <h1 dir="auto">
          <Visible text={name} />
          {encrypted && (
            <span class="sign" title="Encrypted for its members">
              <Icon name="lock" />
              <span class="hidden">, encrypted for its members</span>
            </span>
          )}
        </h1>
        <p dir="auto">
          {topic === null || topic === '' ? (
            `${members} ${members === 1 ? 'member' : 'members'}`
          ) : (
            <Visible text={topic} />
          )}
        </p>
      </div>
      {isRoster && isAdmin && (
        <DialogButton opens="invite" class="small invite">
          Invite
        </DialogButton>
      )}
      <IconButton
        icon="search"
        label="Search (Ctrl K)"
        pressed={panel.value?.kind === 'search'}
        onClick={() => {
          togglePanel('search');
        }}
      />
      <IconButton
        icon="pin"
        label="Pinned"
        pressed={panel.value?.kind === 'pins'}
        onClick={() => {
          togglePanel('pins');
        }}
      />
      <IconButton
        icon="people"
        label="Members"
        pressed={panel.value?.kind === 'members'}
        onClick={() => {
          togglePanel('members');
        }}
      />
    </header>
  );
}
