// The groups as the chat shows them: which one is open, and what waits in the others. Pure state.
import type { GroupView, MessageView } from '../../chat/view.ts';
import { clipped, shown, type Look } from '../look.ts';

export interface Room {
  readonly id: string;
  readonly name: string;
  readonly members: number;
  unread: number;
  mentions: number;
}

/** What the line that is typed begins with. */
export interface PromptState {
  readonly isOpen: boolean;
  readonly unsent: number;
  /** Of the latest own message. */
  readonly delivery: { readonly stored: number; readonly others: number } | undefined;
}

const nameCells = 20;
/** More groups are shown as a number. */
const namedMax = 3;

export class Rooms {
  #rooms = new Map<string, Room>();
  #open = '';

  /** Takes over what the daemon knows. */
  update(groups: readonly GroupView[]): void {
    const here = groups.filter(({ state }) => state === 'active');
    this.#rooms = new Map(
      here.map(({ id, name, members, unread, mentions }) => [
        id,
        { id, name, members, unread, mentions },
      ]),
    );
  }

  all(): readonly Room[] {
    return [...this.#rooms.values()];
  }

  /** The one that is shown. */
  get open(): Room {
    const { id, name } = { id: this.#open, name: this.#open.slice(0, 8) };
    return this.#rooms.get(id) ?? { id, name, members: 1, unread: 0, mentions: 0 };
  }

  has(id: string): boolean {
    return this.#rooms.has(id);
  }

  enter(id: string): void {
    this.#open = id;
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.unread = 0;
    room.mentions = 0;
  }

  /** A message came to a group that is not shown. */
  note(message: MessageView, self: string): void {
    const room = this.#rooms.get(message.group);
    if (room === undefined || message.mine) return;
    room.unread++;
    if (message.mentions.includes(self)) room.mentions++;
  }

  /** By its id, its name, or a beginning of the name that only one has. */
  find(word: string): Room | undefined {
    const wanted = word.normalize('NFC').toLowerCase();
    const all = this.all();
    const exact = all.filter(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
    const begun = all.filter(({ name }) => name.toLowerCase().startsWith(wanted));
    const found = exact.length > 0 ? exact : begun;
    return found.length === 1 ? found[0] : undefined;
  }

  prompt({ isOpen, unsent, delivery }: PromptState, look: Look, cells: number): string {
    const { name } = this.open;
    const others = this.all().filter(({ id, unread }) => id !== this.#open && unread > 0);
    const named = others
      .slice(0, namedMax)
      .map((each) => `${nameIn(each.name, look)} ${each.unread}${each.mentions > 0 ? '»' : ''}`);
    if (others.length > namedMax) named.push(`+${others.length - namedMax}`);
    const stored = look.unicode ? '✓' : 'ok ';
    const parts = [
      nameIn(name, look),
      named.length === 0 ? '' : `[${named.join(', ')}]`,
      delivery === undefined ? '' : `${stored}${delivery.stored}/${delivery.others}`,
      unsent === 0 ? '' : `(${unsent} unsent)`,
      isOpen ? '' : '(no daemon)',
    ];
    const text = parts.filter((part) => part !== '').join(' ');
    // There is room left to type in.
    return `${clipped(text, Math.max(4, Math.floor(cells / 2)), look)}> `;
  }
}

function nameIn(name: string, look: Look): string {
  return clipped(shown(name, look), nameCells, look);
}
