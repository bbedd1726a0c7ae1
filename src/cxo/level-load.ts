// Reads at start what a LevelDB store keeps in memory, and checks that it is a store of this version.
// Rows that are damaged are reported and left out; nothing here depends on the number of messages.
import { isNoText } from './record.ts';
import type { Random } from '../env.ts';
import { SkychatError } from '../errors.ts';
import type { Database } from './level-database.ts';
import {
  kindRange,
  metaKey,
  numberAt,
  parseArrival,
  parseFeedNumber,
  parseRecordPlace,
  rowKinds,
  parseLabelKey,
} from './level-keys.ts';
import {
  parseFeed,
  parseMeta,
  parseRecord,
  parseVarints,
  sealMeta,
  storeIdBytes,
  unsealValue,
  type MetaBody,
  type Row,
} from './level-rows.ts';
import { findSegmentShape } from './segment-shape.ts';
import { StoreState } from './store-state.ts';
import type { DamageListener } from './store.ts';

/** Grows with every change of the rows; an older store is migrated forward, a newer one refused. */
export const schemaVersion = 1;

/**
 * Reads the store's own row, or makes it where the store is new: it is on disk when this resolves.
 * @throws SkychatError `store-newer` or `store-damaged`
 */
export async function checkSchema(database: Database, random: Random): Promise<MetaBody> {
  const value = await database.get(metaKey);
  if (value === undefined) {
    const rows = await database.page({ gte: metaKey, lt: Uint8Array.of(255) }, { limit: 1 });
    if (rows.length > 0) throw damaged('it has rows and no version');
    const first = newMeta(random);
    await database.write((batch) => {
      const row = sealMeta(metaKey, first);
      batch.put(row.key, row.value);
    });
    return first;
  }
  const body = unsealValue(metaKey, value);
  const meta = body && parseMeta(body);
  if (meta === undefined) throw damaged('its version cannot be read');
  if (meta.version > schemaVersion) {
    throw new SkychatError('store-newer', `the store has version ${meta.version}`, {
      hint: `this program reads up to version ${schemaVersion}: use a newer one`,
    });
  }
  if (meta.version < schemaVersion) throw damaged(`there never was a version ${meta.version}`);
  return meta;
}

export function newMeta(random: Random): MetaBody {
  return { version: schemaVersion, storeId: random.bytes(storeIdBytes), arrivalFloor: 0 };
}

export async function loadState(
  database: Database,
  { arrivalFloor }: MetaBody,
  onDamage: DamageListener,
): Promise<StoreState> {
  const state = new StoreState();
  await loadFeeds(database, state, onDamage);
  await loadHeld(database, state, onDamage);
  for await (const row of database.scan(kindRange(rowKinds.label))) {
    if (unsealValue(row.key, row.value) === undefined) {
      onDamage({ feed: undefined, from: undefined, what: 'label row' });
    } else if (isNoText(parseLabelKey(row.key)?.label ?? '')) state.labelled++;
  }
  state.latestArrival = Math.max(arrivalFloor, await findLatestArrival(database, onDamage));
  return state;
}

async function loadFeeds(
  database: Database,
  state: StoreState,
  onDamage: DamageListener,
): Promise<void> {
  for await (const row of database.scan(kindRange(rowKinds.feed))) {
    const number = parseFeedNumber(row.key);
    const body = unsealValue(row.key, row.value);
    const parsed = body && parseFeed(body);
    if (parsed !== undefined && number !== undefined) {
      state.putFeed({ number, group: parsed.group, state: parsed.state });
    } else {
      onDamage({ feed: undefined, from: undefined, what: `feed row ${number ?? '?'}` });
    }
  }
  // A feed whose row was lost keeps its number, which its other rows bear.
  for (const kind of [rowKinds.feed, rowKinds.name, rowKinds.record]) {
    const [last] = await database.page(kindRange(kind), { limit: 1, reverse: true });
    if (last !== undefined) state.reserveNumbers(numberAt(last.key, 1, 4) + 1);
  }
}

async function loadHeld(
  database: Database,
  state: StoreState,
  onDamage: DamageListener,
): Promise<void> {
  for await (const row of database.scan(kindRange(rowKinds.held))) {
    const place = parseRecordPlace(row.key);
    const feed = place && state.findNumber(place.feed)?.state.feed;
    const body = unsealValue(row.key, row.value);
    const [time] = (body && parseVarints(body, 1)) ?? [];
    if (place !== undefined && feed !== undefined && time !== undefined) {
      state.putHeld({ feed, from: place.from, time });
    } else {
      onDamage({ feed, from: place?.from, what: 'held row' });
    }
  }
}

async function findLatestArrival(database: Database, onDamage: DamageListener): Promise<number> {
  const [last] = await database.page(kindRange(rowKinds.arrival), { limit: 1, reverse: true });
  const latest = last === undefined ? 0 : latestOf(last);
  if (latest !== undefined) return latest;
  onDamage({ feed: undefined, from: undefined, what: 'the last arrival row' });
  return latestOfRecords(database);
}

function latestOf({ key, value }: Row): number | undefined {
  const arrival = parseArrival(key);
  const body = unsealValue(key, value);
  const [messages] = (body && parseVarints(body, 3)) ?? [];
  return arrival === undefined || messages === undefined ? undefined : arrival + messages - 1;
}

/** Reads every record: only where the last arrival row is lost, so that no number is given twice. */
async function latestOfRecords(database: Database): Promise<number> {
  let latest = 0;
  for await (const row of database.scan(kindRange(rowKinds.record))) {
    const body = unsealValue(row.key, row.value);
    const record = body && parseRecord(body);
    if (record === undefined || record.held) continue;
    const shape = findSegmentShape(record.bytes, record.signed);
    latest = Math.max(latest, record.arrival + (shape?.messages ?? 1) - 1);
  }
  return latest;
}

function damaged(what: string): SkychatError {
  return new SkychatError('store-damaged', `the store is damaged: ${what}`, {
    hint: 'stop the node and run: skychat-node repair',
  });
}
