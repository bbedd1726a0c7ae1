// Whose notes count in which group: by the rosters of the groups. Knows nothing of what notes say.
import type { GroupBook } from '../groups/group-book.ts';
import type { NoteRules } from './note-summary.ts';

/** In the room, and between two, everybody is equal: nobody may hide what others say. */
export function rulesOf(book: GroupBook): NoteRules {
  const isAdmin: NoteRules['mayModerate'] = (id, author, place) => {
    const roster = book.find(id)?.roster;
    if (roster === undefined) return false;
    if (place !== undefined) return roster.isAdminAt(author, place);
    const role = roster.roleOf(author);
    return role === 'founder' || role === 'admin';
  };
  return {
    counts: (place) => book.allows(place),
    mayPin: (id, author, place) => {
      const kind = book.find(id)?.genesis.kind;
      return kind === 'roster' ? isAdmin(id, author, place) : true;
    },
    mayModerate: isAdmin,
  };
}
