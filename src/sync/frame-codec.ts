// The frames of the gossip as bytes, and back. Knows nothing of when they are sent.
import { ByteReader, concat, varintLength, writeVarint } from '../bytes.ts';
import { decode, encode, type Value } from '../cxo/codec.ts';
import { idBytes } from '../cxo/ids.ts';
import { rootLimits } from '../cxo/limits.ts';
import { publicKeyBytes, publicKeyOfBytes, type PublicKey } from '../identity.ts';
import { encodeForkProof, parseForkProof } from './fork-proof.ts';
import {
  frameTypes,
  rootPrefixBytes,
  tagBytes,
  type EncodedFrame,
  type Frame,
  type GroupTag,
  type Place,
} from './frames.ts';
import { syncLimits } from './limits.ts';
import { boundBytesMax, isBehind, type Range, type ShownRange } from './ranges.ts';

export function encodeFrame(frame: Frame): EncodedFrame {
  const type = frameTypes[frame.type];
  if (frame.type === 'segment') return { type, payload: encodeSegmentFrame(frame) };
  if (frame.type === 'fork') return { type, payload: encodeForkFrame(frame) };
  if (frame.type === 'receipt') return { type, payload: encodeReceiptFrame(frame) };
  return { type, payload: encode(valueOfFrame(frame)) };
}

function valueOfFrame(frame: Exclude<Frame, { type: 'segment' | 'fork' | 'receipt' }>): Value {
  switch (frame.type) {
    case 'hello':
      return {
        v: frame.version,
        agent: frame.agent,
        groups: valueOfTags(frame.groups),
        window: frame.window,
      };
    case 'groups':
      return valueOfTags(frame.groups);
    case 'have':
      return [
        frame.group,
        frame.covers === undefined ? null : [frame.covers.lower, frame.covers.upper],
        frame.feeds.map(({ author, head, seq, count, rootPrefix }) => [
          publicKeyBytes(author),
          head,
          seq,
          count,
          rootPrefix,
        ]),
      ];
    case 'compare':
      return [frame.group, frame.lower, frame.ranges.map(valueOfShown)];
    case 'want':
      return [
        frame.group,
        frame.places.map(({ author, head, from, to }) => [
          publicKeyBytes(author),
          head,
          from,
          ...(to === undefined ? [] : [to]),
        ]),
      ];
    case 'decline':
    case 'prune':
      return [
        frame.group,
        frame.places.map(({ author, head, from }) => [publicKeyBytes(author), head, from]),
      ];
    case 'credit':
      return frame.limit;
    case 'check':
      return [frame.sent, frame.fingerprints.map((one) => [one.group, one.fingerprint])];
  }
}

function valueOfShown({ upper, fingerprint, agreed }: ShownRange): Value {
  if (fingerprint === undefined) return [upper];
  return agreed ? [upper, fingerprint, true] : [upper, fingerprint];
}

/** Segments and proofs are larger than an object may be: their frames are no CBOR. */
function encodeSegmentFrame(frame: Extract<Frame, { type: 'segment' }>): Uint8Array {
  const { author, head, from } = frame.place;
  return concat(encodeHeader(frame.group, author, [head, from, frame.sent]), frame.bytes);
}

function encodeForkFrame(frame: Extract<Frame, { type: 'fork' }>): Uint8Array {
  const { group, author, head, proof } = frame;
  return concat(encodeHeader(group, author, [head]), encodeForkProof(proof));
}

function encodeReceiptFrame({ group, bytes }: Extract<Frame, { type: 'receipt' }>): Uint8Array {
  const payload = new Uint8Array(varintLength(group) + bytes.length);
  payload.set(bytes, writeVarint(payload, 0, group));
  return payload;
}

function encodeHeader(group: number, author: PublicKey, numbers: readonly number[]): Uint8Array {
  let length = varintLength(group) + idBytes;
  for (const number of numbers) length += varintLength(number);
  const header = new Uint8Array(length);
  let at = writeVarint(header, 0, group);
  header.set(publicKeyBytes(author), at);
  at += idBytes;
  for (const number of numbers) at = writeVarint(header, at, number);
  return header;
}

/** Undefined where the payload is not a frame of that type; `unknown` for a type of the future. */
export function parseFrame(type: number, payload: Uint8Array): Frame | 'unknown' | undefined {
  if (type === frameTypes.segment) return parseSegmentFrame(payload);
  if (type === frameTypes.fork) return parseForkFrame(payload);
  if (type === frameTypes.receipt) return parseReceiptFrame(payload);
  const parse = parsers[type];
  if (parse === undefined) return 'unknown';
  const decoded = decode(payload);
  return decoded.ok ? parse(decoded.value) : undefined;
}

function parseSegmentFrame(payload: Uint8Array): Frame | undefined {
  const reader = new ByteReader(payload);
  const group = reader.varint();
  const author = reader.take(idBytes);
  const head = reader.varint();
  const from = reader.varint();
  const sent = reader.varint();
  if (group === undefined || author === undefined || head === undefined) return undefined;
  if (from === undefined || sent === undefined) return undefined;
  const place = { author: publicKeyOfBytes(author), head, from };
  // A copy: the payload may be a view into a larger buffer, and segments are kept.
  return { type: 'segment', group, place, sent, bytes: payload.slice(reader.offset) };
}

function parseForkFrame(payload: Uint8Array): Frame | undefined {
  const reader = new ByteReader(payload);
  const group = reader.varint();
  const author = reader.take(idBytes);
  const head = reader.varint();
  const proof = parseForkProof(reader);
  if (group === undefined || author === undefined || head === undefined) return undefined;
  return proof && { type: 'fork', group, author: publicKeyOfBytes(author), head, proof };
}

function parseReceiptFrame(payload: Uint8Array): Frame | undefined {
  const reader = new ByteReader(payload);
  const group = reader.varint();
  // A copy, as of a segment: receipts are kept.
  return group === undefined
    ? undefined
    : { type: 'receipt', group, bytes: payload.slice(reader.offset) };
}

const parsers: Record<number, ((value: Value) => Frame | undefined) | undefined> = {
  [frameTypes.hello]: parseHello,
  [frameTypes.have]: parseHave,
  [frameTypes.want]: parseWant,
  [frameTypes.credit]: (value) => (isCount(value) ? { type: 'credit', limit: value } : undefined),
  [frameTypes.check]: parseCheck,
  [frameTypes.decline]: (value) => parsePlaces('decline', value),
  [frameTypes.prune]: (value) => parsePlaces('prune', value),
  [frameTypes.compare]: parseCompare,
  [frameTypes.groups]: (value) => {
    const groups = parseTags(value);
    return groups && { type: 'groups', groups };
  },
};

function parseHello(value: Value): Frame | undefined {
  if (!isMap(value)) return undefined;
  const { v, agent, groups, window } = value;
  if (!isCount(v) || typeof agent !== 'string' || agent.length > 128) return undefined;
  if (!isCount(window)) return undefined;
  const tags = parseTags(groups);
  return tags && { type: 'hello', version: v, agent, groups: tags, window };
}

function valueOfTags(tags: readonly GroupTag[]): Value {
  return tags.map(({ tag, fingerprint }) => [tag, fingerprint]);
}

function parseTags(value: Value | undefined): GroupTag[] | undefined {
  if (!Array.isArray(value) || value.length > syncLimits.groupsMax) return undefined;
  return all(value, (item) => {
    if (!Array.isArray(item)) return undefined;
    const [tag, fingerprint] = item;
    return isBytes(tag, tagBytes) && isBytes(fingerprint, tagBytes)
      ? { tag, fingerprint }
      : undefined;
  });
}

function parseHave(value: Value): Frame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [group, covered, list] = value;
  if (!isCount(group) || !Array.isArray(list)) return undefined;
  const covers = covered === null ? undefined : parseRange(covered);
  if (covers === undefined && covered !== null) return undefined;
  const feeds = all(list, (item) => {
    if (!Array.isArray(item)) return undefined;
    const [author, head, seq, count, rootPrefix] = item;
    if (!isBytes(author, idBytes) || !isBytes(rootPrefix, rootPrefixBytes)) return undefined;
    if (!isCount(head) || !isCount(seq) || !isCount(count)) return undefined;
    if (seq > rootLimits.seqMax || count < seq) return undefined;
    if (count > seq * rootLimits.objectsMax) return undefined;
    return { author: publicKeyOfBytes(author), head, seq, count, rootPrefix };
  });
  return feeds && { type: 'have', group, covers, feeds };
}

function parseRange(value: Value | undefined): Range | undefined {
  if (!Array.isArray(value)) return undefined;
  const [lower, upper] = value;
  if (!isBound(lower) || !isBound(upper) || !isBehind(upper, lower)) return undefined;
  return { lower, upper };
}

/** Consecutive: each range ends behind the one before, and only the last may be the end of all. */
function parseCompare(value: Value): Frame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [group, lower, list] = value;
  if (!isCount(group) || !isBound(lower) || !Array.isArray(list)) return undefined;
  if (list.length === 0 || list.length > syncLimits.rangesInFrameMax) return undefined;
  let [last, isEnd] = [lower, false];
  const ranges = all(list, (item): ShownRange | undefined => {
    if (!Array.isArray(item)) return undefined;
    const [upper, fingerprint, agreed = false] = item;
    if (isEnd || !isBound(upper) || !isBehind(upper, last)) return undefined;
    [last, isEnd] = [upper, upper.length === 0];
    if (fingerprint === undefined) return { upper, fingerprint, agreed: false };
    if (!isBytes(fingerprint, tagBytes) || typeof agreed !== 'boolean') return undefined;
    return { upper, fingerprint, agreed };
  });
  return ranges && { type: 'compare', group, lower, ranges };
}

function parseWant(value: Value): Frame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [group, list] = value;
  if (!isCount(group) || !Array.isArray(list)) return undefined;
  const places = all(list, (item) => {
    const place = parsePlace(item);
    if (place === undefined || !Array.isArray(item)) return undefined;
    const to = item[3];
    if (to === undefined) return place;
    return isCount(to) && to >= place.from ? { ...place, to } : undefined;
  });
  return places && { type: 'want', group, places };
}

function parsePlaces(type: 'decline' | 'prune', value: Value): Frame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [group, list] = value;
  if (!isCount(group) || !Array.isArray(list)) return undefined;
  const places = all(list, parsePlace);
  return places && { type, group, places };
}

function parsePlace(item: Value): Place | undefined {
  if (!Array.isArray(item)) return undefined;
  const [author, head, from] = item;
  if (!isBytes(author, idBytes) || !isCount(head) || !isCount(from) || from < 1) return undefined;
  return { author: publicKeyOfBytes(author), head, from };
}

function parseCheck(value: Value): Frame | undefined {
  if (!Array.isArray(value)) return undefined;
  const [sent, list] = value;
  if (!isCount(sent) || !Array.isArray(list)) return undefined;
  if (list.length > syncLimits.groupsMax) return undefined;
  const fingerprints = all(list, (item) => {
    if (!Array.isArray(item)) return undefined;
    const [group, fingerprint] = item;
    return isCount(group) && isBytes(fingerprint, tagBytes) ? { group, fingerprint } : undefined;
  });
  return fingerprints && { type: 'check', sent, fingerprints };
}

function all<T>(items: readonly Value[], parse: (item: Value) => T | undefined): T[] | undefined {
  const parsed: T[] = [];
  for (const item of items) {
    const one = parse(item);
    if (one === undefined) return undefined;
    parsed.push(one);
  }
  return parsed;
}

function isMap(value: Value): value is { [key: string]: Value } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

function isCount(value: Value | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

function isBound(value: Value | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= boundBytesMax;
}

function isBytes(value: Value | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
