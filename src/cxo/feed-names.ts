// The feeds of a LevelDB store as they are told by two rows each, either of which may be damaged.
// For verify-store.ts and repair-store.ts.
import type { FeedState } from './feed.ts';
import type { LevelDatabase } from './level-database.ts';
import { kindRange, parseFeedNumber, rowKinds } from './level-keys.ts';
import { parseFeed, parseName, unsealValue } from './level-rows.ts';
import { feedKey, type FeedId } from './root.ts';

export interface NamedFeed {
  readonly number: number;
  readonly group: number;
  readonly feed: FeedId;
  /** Undefined where the feed row is damaged. */
  readonly state: FeedState | undefined;
}

/** @param onProblem told of rows that are damaged or contradict each other */
export async function readFeedNames(
  database: LevelDatabase,
  onProblem: (feed: FeedId | undefined, what: string) => void,
): Promise<NamedFeed[]> {
  const feeds = new Map<number, NamedFeed>();
  for await (const { key, value } of database.scan(kindRange(rowKinds.feed))) {
    const number = parseFeedNumber(key);
    const body = unsealValue(key, value);
    const parsed = body && parseFeed(body);
    if (number === undefined || parsed === undefined) onProblem(undefined, 'a feed row is damaged');
    else feeds.set(number, { number, ...parsed, feed: parsed.state.feed });
  }
  const named = new Set<number>();
  for await (const { key, value } of database.scan(kindRange(rowKinds.name))) {
    const number = parseFeedNumber(key);
    const body = unsealValue(key, value);
    const parsed = body && parseName(body);
    if (number === undefined || parsed === undefined) {
      onProblem(undefined, 'a name row is damaged');
      continue;
    }
    named.add(number);
    const known = feeds.get(number);
    if (known === undefined) {
      onProblem(parsed.feed, 'the feed row is missing');
      feeds.set(number, { number, ...parsed, state: undefined });
    } else if (known.group !== parsed.group || feedKey(known.feed) !== feedKey(parsed.feed)) {
      onProblem(known.feed, 'the name row names another feed');
    }
  }
  for (const { number, feed } of feeds.values()) {
    if (!named.has(number)) onProblem(feed, 'the name row is missing');
  }
  return withoutTwins([...feeds.values()], onProblem);
}

/** A feed that has two numbers is taken by the lower. */
function withoutTwins(
  feeds: readonly NamedFeed[],
  onProblem: (feed: FeedId, what: string) => void,
): NamedFeed[] {
  const seen = new Set<string>();
  return [...feeds]
    .sort((a, b) => a.number - b.number)
    .filter(({ feed }) => {
      const key = feedKey(feed);
      if (seen.has(key)) onProblem(feed, 'the feed has two numbers');
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    });
}
