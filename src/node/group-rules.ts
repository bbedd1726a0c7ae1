// Between the engine, which keeps and passes on feeds, and the conversation, which knows whose feeds
// belong to which group. Holds nothing itself.
import type { Chat } from '../chat/chat.ts';
import type { Group } from '../chat/group.ts';
import type { GroupId } from '../cxo/ids.ts';
import type { PublicKey } from '../identity.ts';
import type { Groups } from '../sync/groups.ts';

export function groupRules(chat: () => Pick<Chat, 'room' | 'membership' | 'book'>): Groups {
  const isInRoom = (key: PublicKey): boolean => chat().membership.isMember(key);
  const isRoom = (group: GroupId): boolean => group === chat().room.id;
  const find = (group: GroupId): Group | undefined => chat().book.find(group);
  return {
    all: () => {
      const groups = [chat().room.id];
      for (const group of chat().book.groups()) if (isKept(group)) groups.push(group.id);
      return groups;
    },
    shares: (id, peer) => {
      if (isRoom(id)) return isInRoom(peer);
      const group = find(id);
      return group !== undefined && sharesWith(group, peer, isInRoom);
    },
    isMember: (id, key) => (isRoom(id) ? isInRoom(key) : find(id)?.roster.isMember(key) === true),
    accepts: (feed) =>
      isRoom(feed.group) ? isInRoom(feed.author) : find(feed.group)?.roster.accepts(feed) === true,
    limitOf: (feed) => find(feed.group)?.roster.limitOf(feed),
    headMin: (id, from) => find(id)?.roster.headMin(chat().membership.self, from) ?? from,
  };
}

/** What is read here, and what is carried for others; nothing more of what this node is out of. */
function isKept({ standing, genesis, isOffered }: Group): boolean {
  switch (standing) {
    case 'active':
    case 'joining':
      return true;
    case 'left':
    case 'removed':
    case 'carried':
      return genesis.encrypted && isOffered;
  }
}

function sharesWith(
  { standing, roster, genesis, isOffered }: Group,
  peer: PublicKey,
  isInRoom: (key: PublicKey) => boolean,
): boolean {
  if (roster.isMember(peer)) return true;
  if (genesis.encrypted && isOffered && isInRoom(peer)) return true;
  // Who joins does not know the members yet. Only they recognise how it names the group.
  return standing === 'joining';
}
