// Searches as they are asked for and answered: a line of words and filters in, a page of messages out.
// Knows nothing of how messages are indexed.
import type { Entry } from '../../cxo/archive.ts';
import type { GroupId } from '../../cxo/ids.ts';
import type { Clock } from '../../env.ts';
import { SkychatError } from '../../errors.ts';
import { parsePublicKey, type PublicKey } from '../../identity.ts';
import { formatCursor } from '../timeline/cursor.ts';
import { readingLimits } from '../limits.ts';
import type { MessageViews } from '../timeline/message-views.ts';
import { PageBuilder } from '../timeline/page-builder.ts';
import { isoOfTime } from '../time-text.ts';
import type { SearchPage } from '../view.ts';
import type { DocumentFilter } from './documents.ts';
import { parseQuery, type Named, type Query } from './query.ts';
import type { Search } from './search.ts';
import { fold } from './words.ts';

/** What is searched, besides what the line says. */
export interface SearchSelection {
  /** Id or name of a group; all groups where not given. */
  readonly group?: string;
  /** Ids: nothing outside of these groups, and no other is known. */
  readonly within?: readonly string[];
  /** Public key, 64 hex characters. */
  readonly author?: string;
  /** Only messages at or after this wall-clock time, microseconds. */
  readonly since?: number;
}

export interface SearchTerms {
  readonly limit: number;
  /** A message (an id or a cursor): only what sorts before it. */
  readonly before?: string;
  /** How long to wait for an index that is being built. */
  readonly waitMs?: number;
}

export interface SearchPagesOptions {
  readonly self: PublicKey;
  readonly search: Pick<Search, 'find'>;
  readonly views: MessageViews;
  readonly clock: Pick<Clock, 'now'>;
  /** Keys of all who wrote something. */
  readonly authors: () => Iterable<PublicKey>;
  readonly nameOf: (author: PublicKey) => string | undefined;
  /** @throws SkychatError `unknown-group`, `not-permitted` where it is not within */
  readonly groupOf: (idOrName: string, within?: readonly string[]) => GroupId;
  /** The message of an id or a cursor; undefined for the very first cursor. */
  readonly findPlace: (position: string) => Promise<Entry | undefined>;
}

/** Fewer digits of a key are too likely to be a name. */
const keyDigits = /^[0-9a-f]{8,64}$/;

export class SearchPages {
  readonly #options: SearchPagesOptions;

  constructor(options: SearchPagesOptions) {
    this.#options = options;
  }

  /**
   * @param line words, phrases and operators
   * @throws SkychatError `bad-field`, `unknown-group`, `unknown-message` or `bad-cursor`
   */
  async find(line: string, selection: SearchSelection, terms: SearchTerms): Promise<SearchPage> {
    const { search, views, clock, findPlace } = this.#options;
    const page = new PageBuilder(views, readingLimits, terms.limit);
    const query = parseQuery(line, clock.now());
    const filter = this.#filterOf(query, selection);
    const before = terms.before === undefined ? undefined : await findPlace(terms.before);
    const found = await search.find(query, filter, before, terms.limit, terms.waitMs);
    let last = before;
    let { more } = found;
    for (const entry of found.entries) {
      if (!page.add(entry)) {
        more = true;
        break;
      }
      last = entry;
    }
    const { reached } = found;
    return {
      ...{ messages: page.views(), next: formatCursor(last?.arrival ?? 0), more },
      complete: reached === 0,
      searched_from: reached === 0 || reached === Infinity ? null : isoOfTime(reached),
    };
  }

  #filterOf(query: Query, selection: SearchSelection): DocumentFilter {
    const { group, within, author, since = 0 } = selection;
    const groupOf = (name: string): GroupId => this.#options.groupOf(name, within);
    const given = author === undefined ? undefined : parsePublicKey(author);
    if (author !== undefined && given === undefined) {
      throw new SkychatError('bad-field', 'an author is a public key of 64 hex characters');
    }
    const groupsOf = (named: readonly Named[]): GroupId[] => named.map(({ name }) => groupOf(name));
    const keysOf = (named: readonly Named[]): PublicKey[] =>
      named.flatMap(({ name }) => this.#keysOf(name));
    const asked = group === undefined ? within?.map((id) => groupOf(id)) : [groupOf(group)];
    return {
      groups: both(wanted(query.in, groupsOf), asked),
      authors: both(wanted(query.from, keysOf), given === undefined ? undefined : [given]),
      notGroups: new Set(groupsOf(query.in.filter(({ isNegated }) => isNegated))),
      notAuthors: new Set(keysOf(query.from.filter(({ isNegated }) => isNegated))),
      since: Math.max(since, query.since),
      until: query.until,
    };
  }

  /** All who have the name; or whose key it is, or begins so. */
  #keysOf(name: string): PublicKey[] {
    const { self, authors, nameOf } = this.#options;
    const folded = fold(name.trim());
    if (folded === 'me') return [self];
    const whole = parsePublicKey(folded);
    if (whole !== undefined) return [whole];
    const found = new Set<PublicKey>();
    for (const author of authors()) {
      const isKey = keyDigits.test(folded) && author.startsWith(folded);
      const its = nameOf(author);
      if (isKey || (its !== undefined && fold(its) === folded)) found.add(author);
    }
    if (found.size > 0) return [...found];
    throw new SkychatError('bad-field', `from: nobody here is called ${JSON.stringify(name)}`, {
      hint: 'Use a name that is shown beside messages, a key, the beginning of a key, or me.',
    });
  }
}

/** Undefined where nothing is asked for, which is all. */
function wanted<Value>(
  named: readonly Named[],
  read: (named: readonly Named[]) => Value[],
): Value[] | undefined {
  const positive = named.filter(({ isNegated }) => !isNegated);
  return positive.length === 0 ? undefined : read(positive);
}

function both<Value>(
  some: readonly Value[] | undefined,
  others: readonly Value[] | undefined,
): ReadonlySet<Value> | undefined {
  if (some === undefined || others === undefined) {
    const only = some ?? others;
    return only && new Set(only);
  }
  return new Set(some.filter((each) => others.includes(each)));
}
