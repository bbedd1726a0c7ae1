// Who is in the open conversation, and what may be done about it.
import { useEffect, useState } from 'preact/hooks';
import type { GroupView, MemberView } from '../../chat/view.ts';
import { keptWords } from '../model/kept.ts';
import { changeGroup } from '../state/actions.ts';
import { findGroup, loadMembers, members, status } from '../state/node.ts';
import { openDirect, openId } from '../state/ui.ts';
import { DialogButton } from './dialog.tsx';
import { Figure, Name, Visible } from './name.tsx';
import { PanelFrame } from './panel-frame.tsx';

export function MembersPanel() {
  const group = findGroup(openId.value);
  const id = group?.id;
  useEffect(() => {
    if (id !== undefined) loadMembers(id).catch(() => undefined);
  }, [id]);
  if (group === undefined) return <PanelFrame title="Members">{null}</PanelFrame>;
  const list = members.value.get(group.id) ?? [];
  const isAdmin = group.kind === 'group' && group.state === 'active' && group.role !== 'member';
  return (
    <PanelFrame title="Members">
      <ul class="members">
        {list.map((member) => (
          <li key={member.pk}>
            <Member group={group} member={member} isAdmin={isAdmin} />
          </li>
        ))}
      </ul>
      {isAdmin && <AddMember group={group} />}
      {group.kind === 'group' && (
        <p class="hint">{`Messages are kept ${keptWords(group.retention)}.`}</p>
      )}
      {group.kind === 'group' && group.state === 'active' && (
        <div class="panel-foot">
          {isAdmin && (
            <>
              <DialogButton opens="invite">Invite…</DialogButton>
              <DialogButton opens="describe">Name and topic…</DialogButton>
              <DialogButton opens="kept">What is kept…</DialogButton>
            </>
          )}
          <DialogButton opens="leave" class="danger">
            Leave…
          </DialogButton>
        </div>
      )}
    </PanelFrame>
  );
}

interface MemberProps {
  readonly group: GroupView;
  readonly member: MemberView;
  readonly isAdmin: boolean;
}

function Member({ group, member, isAdmin }: MemberProps) {
  const { pk, name, role, online, note, bot } = member;
  const isSelf = status.value?.pk === pk;
  const roleWords = group.kind === 'group' ? role : null;
  return (
    <details class="member">
      <summary>
        <Figure pk={pk} />
        <span class="member-words">
          <span class="line">
            <Name pk={pk} name={name} />
            {isSelf && <span class="tag">you</span>}
            {bot && <span class="tag">bot</span>}
            {roleWords !== null && roleWords !== 'member' && <span class="tag">{roleWords}</span>}
          </span>
          {note != null && note !== '' && (
            <span class="hint">
              <Visible text={note} />
            </span>
          )}
        </span>
        {!isSelf && (
          <span class={`presence ${online ? 'on' : ''}`}>{online ? 'linked' : 'not linked'}</span>
        )}
      </summary>
      <p>
        <code class="key">{pk}</code>
      </p>
      {!isSelf && (
        <div class="actions">
          <button
            type="button"
            class="small"
            onClick={() => {
              openDirect(pk);
            }}
          >
            Message
          </button>
          {isAdmin && role !== 'founder' && <Powers group={group} pk={pk} role={role} />}
        </div>
      )}
    </details>
  );
}

interface PowersProps {
  readonly group: GroupView;
  readonly pk: string;
  readonly role: MemberView['role'];
}

function Powers({ group: { id }, pk, role }: PowersProps) {
  const [isSure, setSure] = useState(false);
  const isAdmin = role === 'admin';
  return (
    <>
      <button
        type="button"
        class="small"
        onClick={() => void changeGroup(isAdmin ? 'DELETE' : 'PUT', `/groups/${id}/admins/${pk}`)}
      >
        {isAdmin ? 'Demote' : 'Promote to admin'}
      </button>
      <button
        type="button"
        class="small danger"
        onClick={() => {
          if (isSure) void changeGroup('DELETE', `/groups/${id}/members/${pk}`);
          setSure(!isSure);
        }}
      >
        {isSure ? 'Really remove' : 'Remove'}
      </button>
    </>
  );
}

function AddMember({ group }: { readonly group: GroupView }) {
  const [key, setKey] = useState('');
  const [history, setHistory] = useState(false);
  const isKey = /^[0-9a-f]{64}$/i.test(key.trim());
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        const path = `/groups/${group.id}/members/${key.trim()}`;
        void changeGroup('POST', path, { history }).then((done) => {
          if (done !== undefined) setKey('');
        });
      }}
    >
      <label>
        Add by public key
        <input
          value={key}
          spellcheck={false}
          autocomplete="off"
          onInput={({ currentTarget }) => {
            setKey(currentTarget.value);
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={history}
          onChange={({ currentTarget }) => {
            setHistory(currentTarget.checked);
          }}
        />
        Show what was said before
      </label>
      <button type="submit" class="small" disabled={!isKey}>
        Add
      </button>
    </form>
  );
}
