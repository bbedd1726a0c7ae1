// The list of conversations, and the way to everything that belongs to no single one.
import type { GroupView } from '../../chat/view.ts';
import { now } from '../env.ts';
import { briefTime } from '../model/times.ts';
import { oneLine } from '../model/visible.ts';
import { groups, nameOf, status } from '../state/node.ts';
import { dialog, openGroup, openId, panel, togglePanel } from '../state/ui.ts';
import { DialogButton } from './dialog.tsx';
import { LinkSign } from './link-sign.tsx';
import { Icon, IconButton } from './icon.tsx';
import { Figure, Name, Visible } from './name.tsx';

export function Sidebar() {
  const own = status.value;
  return (
    <nav class="sidebar" aria-label="Conversations">
      <header>
        {own !== undefined && (
          <button
            type="button"
            class="self"
            title="Settings"
            onClick={() => {
              togglePanel('settings');
            }}
          >
            <Figure pk={own.pk} />
            <span>
              <Name pk={own.pk} name={own.name} />
              <span class="hint">this node</span>
            </span>
          </button>
        )}
        <IconButton
          icon="network"
          label="Network"
          pressed={panel.value?.kind === 'network'}
          onClick={() => {
            togglePanel('network');
          }}
        />
        <IconButton
          icon="settings"
          label="Settings"
          pressed={panel.value?.kind === 'settings'}
          onClick={() => {
            togglePanel('settings');
          }}
        />
      </header>
      <LinkSign />
      <List />
      <footer>
        <DialogButton opens="create">
          <Icon name="plus" /> New group
        </DialogButton>
        <DialogButton opens="join">
          <Icon name="link" /> Join
        </DialogButton>
        <IconButton
          icon="help"
          label="Keys (?)"
          onClick={() => {
            dialog.value = 'shortcuts';
          }}
        />
      </footer>
    </nav>
  );
}

function latestOf({ last_message: last }: GroupView): string {
  return last?.time ?? '';
}

/** The latest first, as in the list. */
export function sortedGroups(): readonly GroupView[] {
  return [...(groups.value ?? [])].sort((a, b) => {
    if (isPast(a) !== isPast(b)) return isPast(a) ? 1 : -1;
    if (latestOf(a) === latestOf(b)) return a.name < b.name ? -1 : 1;
    return latestOf(a) < latestOf(b) ? 1 : -1;
  });
}

function isPast({ state }: GroupView): boolean {
  return state === 'left' || state === 'removed';
}

function List() {
  if (groups.value === undefined) return <p class="list-hint">Conversations…</p>;
  return (
    <ul class="groups">
      {sortedGroups().map((group) => (
        <li key={group.id}>
          <Item group={group} />
        </li>
      ))}
    </ul>
  );
}

function Item({ group }: { readonly group: GroupView }) {
  const { id, name, unread, mentions, last_message: last, kind, encrypted } = group;
  const isOpen = openId.value === id;
  const classes = ['group', isPast(group) ? 'past' : '', unread > 0 ? 'unread' : ''];
  return (
    <a class={classes.join(' ')} href={`#/g/${id}`} aria-current={isOpen ? 'page' : undefined}>
      <Figure pk={id} />
      <span class="words">
        <span class="line">
          <span class="group-name" dir="auto">
            <Visible text={name} />
          </span>
          {encrypted && kind !== 'direct' && <Icon name="lock" />}
          {last !== null && <time dateTime={last.time}>{briefTime(last.time, now())}</time>}
        </span>
        <span class="line">
          <span class="preview" dir="auto">
            {previewOf(group)}
          </span>
          {mentions > 0 && (
            <span class="badge mention-badge">
              @<span class="hidden">{`${mentions} mentions`}</span>
            </span>
          )}
          {unread > 0 && (
            <span class="badge">
              {unread >= 1000 ? '999+' : unread}
              <span class="hidden"> unread</span>
            </span>
          )}
        </span>
      </span>
    </a>
  );
}

function previewOf({ last_message: last, state, join, topic }: GroupView): string {
  if (state === 'joining') return join?.state === 'failed' ? 'could not be joined' : 'joining…';
  if (state === 'left') return 'left';
  if (state === 'removed') return 'removed';
  if (last === null) return oneLine(topic ?? 'nothing said yet', 80);
  const text = last.deleted ? 'deleted' : last.hidden ? 'hidden' : oneLine(last.text, 90);
  return `${last.mine ? 'you' : oneLine(last.name ?? nameOf(last.author), 24)}: ${text}`;
}

export function openNeighbour(step: number): void {
  const list = sortedGroups();
  const at = list.findIndex(({ id }) => id === openId.value);
  const next = list[(at + step + list.length) % list.length];
  if (next !== undefined) openGroup(next.id);
}
