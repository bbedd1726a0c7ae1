// Verifies messages offline from what GET /messages/ID/proof gives, by the rules of docs/PROTOCOL.md
// and with none of the code of src: a second opinion. Hashes and signatures by node:crypto.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { decode, encode } from 'cborg';
import type { MessageView, ProofView } from '../../src/chat/view.ts';

interface Root {
  readonly v: number;
  readonly ids: readonly Uint8Array[];
  readonly seq: number;
  readonly head: number;
  readonly prev: Uint8Array | null;
  readonly time: number;
  readonly count: number;
  readonly group: Uint8Array;
  readonly author: Uint8Array;
}

const rootFields = ['v', 'ids', 'seq', 'head', 'prev', 'time', 'count', 'group', 'author'];

export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function fail(message: string): never {
  throw new Error(`not proved: ${message}`);
}

function decodeCanonical(bytes: Uint8Array): unknown {
  const value: unknown = decode(bytes, { strict: true, rejectDuplicateMapKeys: true });
  if (!Buffer.from(encode(value)).equals(bytes)) fail('the bytes are not canonical');
  return value;
}

function parseRoot(bytes: Uint8Array): Root {
  const root = decodeCanonical(bytes) as Root;
  if (Object.keys(root).sort().join() !== [...rootFields].sort().join())
    fail('a root has 9 fields');
  if (root.v !== 1) fail('the version is 1');
  if (root.ids.length < 1 || root.ids.length > 256) fail('a root adds 1 to 256 objects');
  if ((root.seq === 1) !== (root.prev === null)) fail('only the first root has no other before it');
  return root;
}

function verifySignature(author: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(author).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, Buffer.concat([Buffer.from('skychat/1 root\0'), bytes]), key, signature);
}

const hex = (text: string): Buffer<ArrayBuffer> => Buffer.from(text, 'hex');

/** All roots that were seen, so that two at one place are found, whoever showed them. */
export class Verifier {
  /** Id by `author/head/seq`. */
  readonly #roots = new Map<string, string>();
  readonly #signatures = new Set<string>();

  /** Throws where the proof does not prove what the message says. */
  verify(message: MessageView, proof: ProofView): void {
    const object = hex(proof.object);
    const objectId = sha256(object);
    const roots = [proof.root, ...proof.chain].map(hex);
    const [first = Buffer.alloc(0)] = roots;
    const root = parseRoot(first);
    const at = root.ids.findIndex((id) => Buffer.from(id).toString('hex') === objectId);
    if (at < 0) fail('the root does not list the object');
    const id = sha256(Buffer.from('skychat/1 message\0'), root.group, root.author, hex(objectId));
    const fields = decodeCanonical(object) as { kind: string; text: string };
    const author = Buffer.from(root.author).toString('hex');
    if (author !== proof.author) fail('the author is another');
    const told = { ...message, time: Date.parse(message.time) };
    const time = Math.floor(root.time / 1000);
    const group = Buffer.from(root.group).toString('hex');
    const proved = { id, author, group, seq: root.seq, index: at, time, ...textOf(fields) };
    for (const [name, value] of Object.entries(proved)) {
      if (told[name as keyof typeof told] !== value) fail(`${name} is ${String(value)}`);
    }
    this.#verifyChain(roots, proof, author);
  }

  #verifyChain(roots: readonly Buffer[], proof: ProofView, author: string): void {
    let before: { root: Root; id: string } | undefined;
    for (const bytes of roots) {
      const root = parseRoot(bytes);
      const id = sha256(bytes);
      if (Buffer.from(root.author).toString('hex') !== author) fail('the author changes');
      if (before !== undefined) {
        if (root.seq !== before.root.seq + 1) fail('the numbers have a gap');
        if (Buffer.from(root.prev ?? []).toString('hex') !== before.id) fail('the chain is broken');
        if (root.count !== before.root.count + root.ids.length) fail('the count is wrong');
        if (root.time < before.root.time) fail('time runs backwards');
      }
      this.#note(`${author}/${root.head}/${root.seq}`, id);
      if (root.prev !== null) {
        const prev = Buffer.from(root.prev).toString('hex');
        this.#note(`${author}/${root.head}/${root.seq - 1}`, prev);
      }
      before = { root, id };
    }
    const last = roots.at(-1) ?? Buffer.alloc(0);
    const signed = `${sha256(last)}/${proof.signature}`;
    if (this.#signatures.has(signed)) return;
    if (!verifySignature(hex(author), last, hex(proof.signature))) fail('the signature is wrong');
    this.#signatures.add(signed);
  }

  #note(place: string, id: string): void {
    const known = this.#roots.get(place);
    if (known !== undefined && known !== id) fail(`two roots stand at ${place}`);
    this.#roots.set(place, id);
  }

  /** The highest number of a feed such that every root up to it was seen, each behind the last. */
  lengthOf(author: string, head: number): number {
    let seq = 0;
    while (this.#roots.has(`${author}/${head}/${seq + 1}`)) seq++;
    return seq;
  }
}

function textOf(fields: { kind: string; text: string }): { kind: string; text: string } {
  return { kind: fields.kind, text: fields.text };
}
