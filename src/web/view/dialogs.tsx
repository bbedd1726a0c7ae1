// The dialogs that make and join groups, name them, say what they keep, leave them, and link nodes.
import { useState } from 'preact/hooks';
import type { GroupView, PeerView } from '../../chat/view.ts';
import { changeGroup } from '../state/actions.ts';
import { megabytesOf, parseKept, spanOf } from '../model/kept.ts';
import { ask } from '../state/http.ts';
import { findGroup, refreshPeers, status } from '../state/node.ts';
import { dialog, openGroup, openId, panel } from '../state/ui.ts';
import { closeDialog } from './dialog.tsx';
import { DialogForm, Field } from './form.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';
import { Value } from './settings-panel.tsx';

export function Dialogs() {
  const group = findGroup(openId.value);
  switch (dialog.value) {
    case null:
      return null;
    case 'create':
      return <CreateDialog />;
    case 'join':
      return <JoinDialog />;
    case 'peer':
      return <PeerDialog />;
    case 'shortcuts':
      return <ShortcutsDialog />;
    case 'invite':
      return group === undefined ? null : <InviteDialog group={group} />;
    case 'describe':
      return group === undefined ? null : <DescribeDialog group={group} />;
    case 'kept':
      return group === undefined ? null : <KeptDialog group={group} />;
    case 'leave':
      return group === undefined ? null : <LeaveDialog group={group} />;
  }
}

function CreateDialog() {
  const [name, setName] = useState('');
  const [encrypted, setEncrypted] = useState(true);
  const submit = async (): Promise<void> => {
    const group = await changeGroup('POST', '/groups', { name, encrypted });
    if (group === undefined) return;
    openGroup(group.id);
    closeDialog();
  };
  return (
    <DialogForm title="New group" action="Create" isReady={name.trim() !== ''} onSubmit={submit}>
      <Field label="Name" value={name} onInput={setName} maxLength={64} hasFocus />
      <label class="check">
        <input
          type="checkbox"
          checked={encrypted}
          onChange={({ currentTarget }) => {
            setEncrypted(currentTarget.checked);
          }}
        />
        <span>
          Encrypted for its members
          <span class="hint block">
            Nodes outside of it can carry its messages, and cannot read them.
          </span>
        </span>
      </label>
    </DialogForm>
  );
}

function JoinDialog() {
  const [invite, setInvite] = useState('');
  const submit = async (): Promise<void> => {
    const group = await ask<GroupView>('POST', '/groups/join', {
      json: { invite: invite.trim() },
    });
    await changeGroup('GET', `/groups/${group.id}`);
    openGroup(group.id);
    closeDialog();
  };
  return (
    <DialogForm
      title="Join a group"
      action="Join"
      isReady={/^skychat:\/\/\S+$/i.test(invite.trim())}
      onSubmit={submit}
    >
      <Field
        label="Invite link"
        value={invite}
        onInput={setInvite}
        placeholder="skychat://…"
        hasFocus
      />
    </DialogForm>
  );
}

function PeerDialog() {
  const [address, setAddress] = useState('');
  const own = status.value;
  const submit = async (): Promise<void> => {
    await ask<PeerView>('POST', '/peers', { json: { address: address.trim() } });
    refreshPeers();
    closeDialog();
  };
  return (
    <DialogForm
      title="Link another node"
      action="Link"
      isReady={address.includes('@')}
      onSubmit={submit}
    >
      <p>Both sides name each other: give the other node this address, and put in its own.</p>
      {own !== undefined && (
        <Value label="This node" value={own.listen === null ? own.pk : `${own.pk}@${own.listen}`} />
      )}
      <Field
        label="The other node"
        value={address}
        onInput={setAddress}
        placeholder="KEY@HOST:PORT"
        hasFocus
      />
    </DialogForm>
  );
}

function DescribeDialog({ group }: { readonly group: GroupView }) {
  const [name, setName] = useState(group.name);
  const [topic, setTopic] = useState(group.topic ?? '');
  const submit = async (): Promise<void> => {
    const done = await changeGroup('PATCH', `/groups/${group.id}`, {
      ...(name !== group.name && { name }),
      ...(topic !== (group.topic ?? '') && { topic }),
    });
    if (done !== undefined) closeDialog();
  };
  const isOther = name !== group.name || topic !== (group.topic ?? '');
  return (
    <DialogForm
      title="Name and topic"
      action="Save"
      isReady={isOther && name.trim() !== ''}
      onSubmit={submit}
    >
      <Field label="Name" value={name} onInput={setName} maxLength={64} hasFocus />
      <Field label="Topic" value={topic} onInput={setTopic} maxLength={256} />
    </DialogForm>
  );
}

function KeptDialog({ group: { id, retention } }: { readonly group: GroupView }) {
  const [age, setAge] = useState(spanOf(retention.age_s));
  const [megabytes, setMegabytes] = useState(megabytesOf(retention.bytes));
  const bounds = parseKept(age, megabytes);
  const submit = async (): Promise<void> => {
    const done = await changeGroup('PUT', `/groups/${id}/retention`, bounds);
    if (done !== undefined) closeDialog();
  };
  return (
    <DialogForm title="What is kept" action="Save" isReady={bounds !== undefined} onSubmit={submit}>
      <p>
        Every member’s node erases what is older, or more. Where a node itself keeps less, that
        holds.
      </p>
      <Field
        label="How long (empty: for good)"
        value={age}
        onInput={setAge}
        placeholder="36h, 30d, 52w"
        hasFocus
      />
      <Field
        label="How many megabytes (empty: all)"
        value={megabytes}
        onInput={setMegabytes}
        placeholder="100"
      />
    </DialogForm>
  );
}

function LeaveDialog({ group }: { readonly group: GroupView }) {
  const submit = async (): Promise<void> => {
    const done = await changeGroup('POST', `/groups/${group.id}/leave`);
    if (done === undefined) return;
    panel.value = null;
    closeDialog();
  };
  return (
    <DialogForm title="Leave this group" action="Leave" isReady isDanger onSubmit={submit}>
      <p>What was said stays on this node. To come back an invite is needed.</p>
    </DialogForm>
  );
}
