// What the page knows of its node: who it is, its groups, its links, and whether it is there.
import { computed, signal } from '@preact/signals';
import type { FeedView, GroupView, MemberView, PeerView, StatusView } from '../../chat/view.ts';
import { after } from '../env.ts';
import type { LinkState } from '../live/wire.ts';
import { shortKey } from '../model/names.ts';
import { get, Problem, Unreachable } from './http.ts';

export const link = signal<LinkState>({ kind: 'connecting' });
export const status = signal<StatusView | undefined>(undefined);
export const groups = signal<readonly GroupView[] | undefined>(undefined);
export const peers = signal<readonly PeerView[]>([]);
export const feeds = signal<readonly FeedView[]>([]);
/** Of the groups that were looked at, by group. */
export const members = signal<ReadonlyMap<string, readonly MemberView[]>>(new Map());

export const unreadTotal = computed(() =>
  (groups.value ?? []).reduce((sum, { unread }) => sum + unread, 0),
);

export function findGroup(id: string | null): GroupView | undefined {
  return groups.value?.find((group) => group.id === id);
}

/** Names of all keys that the page has met. */
const names = computed(() => {
  const found = new Map<string, string>();
  for (const { pk, name } of peers.value) if (name !== null) found.set(pk, name);
  for (const list of members.value.values()) {
    for (const { pk, name } of list) if (name !== null) found.set(pk, name);
  }
  const own = status.value;
  if (own?.name != null) found.set(own.pk, own.name);
  return found;
});

export function nameOf(key: string): string {
  return names.value.get(key) ?? shortKey(key);
}

/**
 * One request at a time, and one more where somebody asks meanwhile, since the answer under way may
 * be older; never more often than `gapMs`. Where the node does not answer, the stream's return asks again.
 */
function refresher(gapMs: number, read: () => Promise<void>): () => void {
  let isBusy = false;
  let isAsked = false;
  const run = async (): Promise<void> => {
    isBusy = true;
    isAsked = false;
    try {
      await read();
    } catch (error) {
      if (!(error instanceof Problem || error instanceof Unreachable)) throw error;
    }
    after(gapMs, () => {
      isBusy = false;
      if (isAsked) void run();
    });
  };
  return () => {
    isAsked = true;
    if (!isBusy) void run();
  };
}

export const refreshGroups = refresher(250, async () => {
  groups.value = (await get<{ groups: readonly GroupView[] }>('/groups')).groups;
});

export const refreshStatus = refresher(500, async () => {
  status.value = await get<StatusView>('/status');
});

export const refreshPeers = refresher(500, async () => {
  peers.value = (await get<{ peers: readonly PeerView[] }>('/peers')).peers;
});

export const refreshFeeds = refresher(1000, async () => {
  feeds.value = (await get<{ feeds: readonly FeedView[] }>('/feeds')).feeds;
});

export async function loadMembers(group: string): Promise<readonly MemberView[]> {
  const { members: list } = await get<{ members: readonly MemberView[] }>(
    `/groups/${group}/members`,
  );
  members.value = new Map(members.value).set(group, list);
  return list;
}

export function putPeer(peer: PeerView): void {
  const others = peers.value.filter(({ pk }) => pk !== peer.pk);
  peers.value = [...others, peer];
}

export function putGroup(group: GroupView): void {
  const list = groups.value ?? [];
  const isKnown = list.some(({ id }) => id === group.id);
  groups.value = isKnown
    ? list.map((each) => (each.id === group.id ? group : each))
    : [...list, group];
}
