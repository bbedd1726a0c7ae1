// Rotations of an epoch, and messages sealed and opened, in memory. Arguments: members, rotations,
// messages a round, rounds. Prints {rotateMs, firstRotateMs, rotateBytes, sealUs, openUs, bareSealUs,
// bareOpenUs}, a list of each but of the bytes and the first.
import '../support/end-with-parent.ts';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Entry } from '../../src/cxo/entry.ts';
import { groupIdBytes, messageIdOf, objectIdOf } from '../../src/cxo/ids.ts';
import { roomOfName } from '../../src/chat/room.ts';
import { systemRandom } from '../../src/env.ts';
import { built } from '../support/built.ts';
import { printable } from '../support/statistics.ts';

const textBytes = 200;
const [members = 0, rotations = 0, messages = 0, rounds = 0] = process.argv.slice(2).map(Number);
const { identityOfSeed, isValidPublicKey, publicKeyBytes } = await built('identity');
const { GroupKeys } = await built('chat/sealing/group-keys');
const { KeyRing } = await built('chat/sealing/key-ring');

const group = roomOfName('lobby').id;
const groupBytes = groupIdBytes(group);
const identity = identityOfSeed(systemRandom.bytes(32));
const author = identity.publicKey;
const keys = Array.from({ length: members - 1 }, () => {
  return identityOfSeed(systemRandom.bytes(32)).publicKey;
});
/** As in a node that has verified the members' feeds. */
for (const key of keys) isValidPublicKey(key);
const all = new Map([author, ...keys].map((key) => [key, { history: false }]));
const roster = { revision: () => 0, members: () => all, counts: () => true };
const ring = new KeyRing(identity, []);
const groupKeys = new GroupKeys({ group, identity, roster, random: systemRandom, ring });

function entryOf(object: Uint8Array, seq: number, time: number): Entry {
  const objectId = objectIdOf(object);
  const id = messageIdOf(groupBytes, publicKeyBytes(author), objectId);
  const feed = { group, author, head: 0 };
  return { arrival: seq, feed, seq, index: 0, time, id, objectId, object };
}

const rotateMs: number[] = [];
let rotateBytes = 0;
// Eight days apart, so that each finds the epoch before it worn out.
for (let i = 1; i <= rotations; i++) {
  const now = i * 8 * 24 * 3600 * 1_000_000;
  const startedAt = performance.now();
  const { objects } = groupKeys.prepare({ now, objects: 0 });
  rotateMs.push(performance.now() - startedAt);
  rotateBytes = objects.reduce((sum, { length }) => sum + length, 0);
  groupKeys.apply(objects.map((object, at) => entryOf(object, 10 * i + at, now)));
}
const moment = { now: rotations * 8 * 24 * 3600 * 1_000_000, objects: 0 };

/** Microseconds for each of `messages` calls. */
function measure(call: (i: number) => void): number {
  const startedAt = performance.now();
  for (let i = 0; i < messages; i++) call(i);
  return ((performance.now() - startedAt) * 1000) / messages;
}

const sealUs: number[] = [];
const openUs: number[] = [];
const bareSealUs: number[] = [];
const bareOpenUs: number[] = [];
const nonce = new Uint8Array(12);
const options = { authTagLength: 16 };
for (let round = 0; round < rounds; round++) {
  const texts = Array.from({ length: messages }, () => printable(randomBytes((textBytes * 3) / 4)));
  const ticket = groupKeys.prepare(moment);
  const sealed: Uint8Array[] = [];
  sealUs.push(
    measure((i) => {
      const fields = { kind: 'text', text: texts[i] ?? '', salt: systemRandom.bytes(16) };
      sealed.push(ticket.seal(fields, { author, head: 0, seq: i + 1, index: 0 }, moment));
    }),
  );
  openUs.push(
    measure((i) => {
      const place = { author, head: 0, seq: i + 1, index: 0 };
      const { state } = groupKeys.open(sealed[i] ?? nonce, place);
      if (state !== 'open') throw new Error(`a sealed message is ${state}`);
    }),
  );
  const key = randomBytes(32);
  const plaintext = randomBytes(textBytes + 20);
  const data = randomBytes(99);
  let [ciphertext, tag] = [plaintext, key];
  bareSealUs.push(
    measure(() => {
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, options);
      cipher.setAAD(data, { plaintextLength: plaintext.length });
      ciphertext = cipher.update(plaintext);
      cipher.final();
      tag = cipher.getAuthTag();
    }),
  );
  bareOpenUs.push(
    measure(() => {
      const decipher = createDecipheriv('chacha20-poly1305', key, nonce, options);
      decipher.setAAD(data, { plaintextLength: ciphertext.length });
      decipher.setAuthTag(tag);
      decipher.update(ciphertext);
      decipher.final();
    }),
  );
}
const [firstRotateMs = 0, ...laterMs] = rotateMs;
const times = { sealUs, openUs, bareSealUs, bareOpenUs };
console.log(JSON.stringify({ firstRotateMs, rotateMs: laterMs, rotateBytes, ...times }));
