// A node that keeps to the rules as long as it is let in, and afterwards to none: it keeps all keys,
// takes everything, and goes on writing with what it has. Bypasses the checks of its own program.
import { buildOperation, type RosterChange } from '../../../src/chat/roster/operation.ts';
import { buildEpoch } from '../../../src/chat/sealing/epoch.ts';
import type { EpochId } from '../../../src/chat/sealing/epoch-id.ts';
import { KeyRing, ringPrefix } from '../../../src/chat/sealing/key-ring.ts';
import { sealObject } from '../../../src/chat/sealing/message-seal.ts';
import { draftOf } from '../../../src/cxo/draft.ts';
import { groupIdBytes, type GroupId } from '../../../src/cxo/ids.ts';
import { publicKeyBytes, type PublicKey } from '../../../src/identity.ts';
import type { Groups } from '../../../src/sync/groups.ts';
import type { SeededRandom } from '../random.ts';
import type { Life, Member } from './member.ts';

/** What such a node's engine is told: every group goes on for ever. */
export function defiant(rules: Groups): Groups {
  const known = new Set<GroupId>();
  return {
    all: () => {
      for (const group of rules.all()) known.add(group);
      return [...known];
    },
    shares: () => true,
    isMember: (group, key) => rules.isMember(group, key),
    accepts: () => true,
    isAwaited: (group) => rules.isAwaited(group),
    limitOf: () => undefined,
    headMin: (group, from) => rules.headMin(group, from),
  };
}

export class Hostility {
  readonly node: Member;
  readonly #random: SeededRandom;
  #said = 0;

  constructor(node: Member, random: SeededRandom) {
    this.node = node;
    this.#random = random;
  }

  /** Of the groups that it was removed from. */
  grudges(): GroupId[] {
    const groups = [...(this.node.life?.chat.book.groups() ?? [])];
    return groups.filter(({ standing }) => standing === 'removed').map(({ id }) => id);
  }

  async act(life: Life, group: GroupId, keys: readonly PublicKey[]): Promise<void> {
    const drawn = this.#random.unit();
    if (drawn < 0.5) await this.#say(life, group);
    else if (drawn < 0.8) await this.#rule(life, group, keys);
    else await this.#rotate(life, group);
  }

  /** With the latest key that it has, or any. */
  async #say(life: Life, group: GroupId): Promise<void> {
    const held = [...(await this.#keysOf(life, group))];
    const at = this.#random.chance(0.5) ? held.length - 1 : this.#random.below(held.length);
    const [epoch, key] = held[at] ?? [];
    if (epoch === undefined || key === undefined) return;
    const salt = this.#random.bytes(16);
    const fields = { kind: 'text', text: `${this.node.name} is still here ${this.#said++}`, salt };
    await life.runner.append(group, ({ feed, seq, index }) => {
      const place = { group: groupIdBytes(group), author: publicKeyBytes(feed.author) };
      const object = sealObject(key, epoch, fields, { ...place, head: feed.head, seq, index });
      return { object, local: [] };
    });
  }

  /** Operations of a roster that it has no say in any more; it claims to have seen much, or nothing. */
  async #rule(life: Life, group: GroupId, keys: readonly PublicKey[]): Promise<void> {
    const roster = life.chat.book.find(group)?.roster;
    const key = keys[this.#random.below(keys.length)];
    if (roster === undefined || key === undefined) return;
    const changes: readonly RosterChange[] = [
      { op: 'promote', key: this.node.key },
      { op: 'add', key, history: true },
      { op: 'remove', key },
      { op: 'demote', key },
    ];
    const change = changes[this.#random.below(changes.length)] ?? changes[0];
    if (change === undefined) return;
    const feeds = life.store.feeds().filter(({ feed }) => feed.group === group);
    const seen = this.#random.chance(0.5)
      ? new Uint8Array()
      : roster.seenNow(
          (author) =>
            feeds
              .filter(({ feed }) => feed.author === author)
              .map(({ feed, head }) => ({ head: feed.head, seq: head.seq })),
          this.node.key,
          key,
        );
    await life.runner.append(
      group,
      draftOf(buildOperation({ ...change, seen }, this.#random.bytes(16))),
    );
  }

  /** A new epoch for those who were members, itself among them. */
  async #rotate(life: Life, group: GroupId): Promise<void> {
    const members = [...(life.chat.book.find(group)?.roster.members().keys() ?? [])];
    const objects = buildEpoch(
      {
        ...{ group: groupIdBytes(group), issuer: this.node.key, base: 0 },
        epochKey: this.#random.bytes(32),
        generation: 1000 + this.#random.below(1000),
        recipients: [...new Set([...members, this.node.key])].sort(),
      },
      this.#random,
    );
    for (const object of objects) await life.runner.append(group, draftOf(object));
  }

  async #keysOf(life: Life, group: GroupId): Promise<ReadonlyMap<EpochId, Uint8Array>> {
    const { identity } = this.node.options;
    return new KeyRing(identity, await life.store.local(ringPrefix)).keysOf(group);
  }
}
