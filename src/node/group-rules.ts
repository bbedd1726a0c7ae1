// Between the engine, which keeps and passes on feeds, and the conversation, which knows whose feeds
// belong to which group. Holds nothing itself.
import type { Chat } from '../chat/chat.ts';
import type { Group } from '../chat/groups/group.ts';
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
    shares: (id, peer, hasBrought) => {
      if (isRoom(id)) return isInRoom(peer);
      const group = find(id);
      if (group === undefined) return false;
      if (sharesWith(group, peer, isInRoom)) return true;
      // Who joins does not know the members yet: only they recognise how it names the group, and bring
      // it. To others who join at the same time it passes on nothing.
      return group.standing === 'joining' && (hasBrought || group.roster.version === 0);
    },
    isMember: (id, key) => (isRoom(id) ? isInRoom(key) : find(id)?.roster.isMember(key) === true),
    accepts: (feed) =>
      isRoom(feed.group) ? isInRoom(feed.author) : find(feed.group)?.roster.accepts(feed) === true,
    isAwaited: (id) => isRoom(id) || find(id)?.standing !== 'left',
    limitOf: (feed) => find(feed.group)?.roster.limitOf(feed),
    headMin: (id, from) => find(id)?.roster.headMin(chat().membership.self, from) ?? from,
  };
}

/**
 * What is read here, and what is carried for others; of what this node has left, so that its members
 * hear that, and have what it said before; nothing of what it was removed from.
 */
function isKept({ standing, genesis, isOffered }: Group): boolean {
  switch (standing) {
    case 'active':
    case 'joining':
    case 'left':
      return true;
    case 'removed':
    case 'carried':
      return genesis.encrypted && isOffered;
  }
}

function sharesWith(
  { roster, genesis, isOffered }: Group,
  peer: PublicKey,
  isInRoom: (key: PublicKey) => boolean,
): boolean {
  return roster.isMember(peer) || (genesis.encrypted && isOffered && isInRoom(peer));
}
