// A receipt: the signed word of one member on what is on its disk in a group. Its bytes, and what is
// signed of them. Knows nothing of when it is made or where it goes.
import { ByteReader, concat, varintLength, writeVarint } from '../bytes.ts';
import { groupIdBytes, idBytes, type GroupId } from '../cxo/ids.ts';
import { rootLimits } from '../cxo/limits.ts';
import { sign, signatureBytes, verifySignature } from '../cxo/sign.ts';
import { publicKeyBytes, publicKeyOfBytes, type Identity, type PublicKey } from '../identity.ts';
import { syncLimits } from './limits.ts';

/** First bytes of the digest of all heads of a group: as many as a fingerprint has. */
export const receiptDigestBytes = 16;

/** A feed that the member has up to `seq`, which is at least 1. */
export interface ReceiptEntry {
  readonly author: PublicKey;
  readonly head: number;
  readonly seq: number;
}

export interface Receipt {
  readonly member: PublicKey;
  /** Grows with each receipt of the member in the group; microseconds since 1970 at the least. */
  readonly number: number;
  readonly digest: Uint8Array;
  readonly entries: readonly ReceiptEntry[];
}

export interface ReceiptBody {
  readonly number: number;
  /** The digest of the group; its first bytes are used. */
  readonly digest: Uint8Array;
  /** At most `receiptEntriesMax`. */
  readonly entries: readonly ReceiptEntry[];
}

/** The signed bytes of a receipt. The group is in what is signed, not in the bytes. */
export function buildReceipt(identity: Identity, group: GroupId, body: ReceiptBody): Uint8Array {
  const { number, digest, entries } = body;
  if (entries.length > syncLimits.receiptEntriesMax) throw new Error('too many entries');
  let length = idBytes + varintLength(number) + receiptDigestBytes + varintLength(entries.length);
  for (const { head, seq } of entries) length += idBytes + varintLength(head) + varintLength(seq);
  const bytes = new Uint8Array(length);
  bytes.set(publicKeyBytes(identity.publicKey));
  let at = writeVarint(bytes, idBytes, number);
  bytes.set(digest.subarray(0, receiptDigestBytes), at);
  at = writeVarint(bytes, at + receiptDigestBytes, entries.length);
  for (const { author, head, seq } of entries) {
    bytes.set(publicKeyBytes(author), at);
    at = writeVarint(bytes, writeVarint(bytes, at + idBytes, head), seq);
  }
  return concat(bytes, sign(identity, 'receipt', signedBytes(group, bytes)));
}

/** Undefined where the bytes are not exactly one receipt. Says nothing of the signature. */
export function parseReceipt(bytes: Uint8Array): Receipt | undefined {
  const reader = new ByteReader(bytes);
  const member = reader.take(idBytes);
  const number = reader.varint();
  const digest = reader.take(receiptDigestBytes);
  const count = reader.varint();
  if (member === undefined || number === undefined || digest === undefined) return undefined;
  if (count === undefined || count > syncLimits.receiptEntriesMax) return undefined;
  const entries: ReceiptEntry[] = [];
  for (let i = 0; i < count; i++) {
    const entry = parseEntry(reader);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  if (reader.left !== signatureBytes) return undefined;
  return { member: publicKeyOfBytes(member), number, digest: digest.slice(), entries };
}

function parseEntry(reader: ByteReader): ReceiptEntry | undefined {
  const author = reader.take(idBytes);
  const head = reader.varint();
  const seq = reader.varint();
  if (author === undefined || head === undefined || seq === undefined) return undefined;
  if (seq < 1 || seq > rootLimits.seqMax) return undefined;
  return { author: publicKeyOfBytes(author), head, seq };
}

/** Whether the member signed these bytes, which were parsed, for this group. */
export function verifyReceipt(group: GroupId, member: PublicKey, bytes: Uint8Array): boolean {
  const end = bytes.length - signatureBytes;
  const signed = signedBytes(group, bytes.subarray(0, end));
  return verifySignature(member, 'receipt', signed, bytes.subarray(end));
}

function signedBytes(group: GroupId, bytes: Uint8Array): Uint8Array {
  return concat(groupIdBytes(group), bytes);
}
