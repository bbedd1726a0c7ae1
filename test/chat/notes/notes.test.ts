import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import type { Entry } from '../../../src/cxo/archive.ts';
import type { GroupId, MessageId } from '../../../src/cxo/ids.ts';
import { buildObject } from '../../../src/cxo/object.ts';
import { compareTimeline } from '../../../src/cxo/timeline-page.ts';
import { PlainContents } from '../../support/plain-contents.ts';
import { noteLimits } from '../../../src/chat/limits.ts';
import { buildText } from '../../../src/chat/content/message.ts';
import {
  buildAck,
  buildDeletion,
  buildEdit,
  buildHide,
  buildPin,
  buildReaction,
  type ContentFields,
} from '../../../src/chat/notes/note-content.ts';
import { nothingNoted, type NoteRules } from '../../../src/chat/notes/note-summary.ts';
import { Notes } from '../../../src/chat/notes/notes.ts';
import type { PublicKey } from '../../../src/identity.ts';
import { entryOf, testKey, testSalt } from '../rig.ts';

const [self, alice, bob, carol] = [testKey(0), testKey(1), testKey(2), testKey(3)] as const;
const otherGroup = testKey(50) as string as GroupId;
/** Everybody may pin; carol is the one who may moderate. */
const rules: NoteRules = {
  counts: () => true,
  mayPin: () => true,
  mayModerate: (_group, author) => author === carol,
};

let seqs = 0;

interface At {
  readonly seq?: number;
  readonly head?: number;
  readonly time?: number;
  readonly group?: GroupId;
}

function note(author: PublicKey, fields: ContentFields, at: At = {}): Entry {
  const seq = at.seq ?? ++seqs;
  return entryOf({ ...at, author, seq, object: buildObject(fields, testSalt()) });
}

function say(author: PublicKey, replyTo?: MessageId, ack = false): Entry {
  return entryOf({ author, seq: ++seqs, object: buildText('said', replyTo, testSalt(), { ack }) });
}

function open(
  options: { limits?: { notesMax: number; textBytesMax: number }; rules?: NoteRules } = {},
) {
  return new Notes({ self, contents: new PlainContents(), rules, ...options });
}

function noted(entries: readonly Entry[], message: Entry) {
  const notes = open();
  notes.apply(entries);
  return notes.of(message, toHex(message.id));
}

const target = say(alice);
const elsewhere = say(bob);

const builders: fc.Arbitrary<ContentFields> = fc.oneof(
  fc.constantFrom('one', 'two', 'three').map((text) => buildEdit(target.id, text)),
  fc.constant(buildDeletion(target.id, [])),
  fc
    .tuple(fc.constantFrom('👍', '👎'), fc.boolean())
    .map(([emoji, on]) => buildReaction(target.id, emoji, on)),
  fc.constant(buildAck(target.id)),
  fc.boolean().map((on) => buildPin(target.id, on)),
  fc.boolean().map((on) => buildHide(target.id, on)),
  fc.constant(buildReaction(elsewhere.id, '👍', true)),
);

const places = fc.record({
  author: fc.constantFrom(alice, bob, carol),
  fields: builders,
  time: fc.integer({ min: 1, max: 5 }),
  head: fc.integer({ min: 0, max: 1 }),
});

const histories = fc
  .array(places, { maxLength: 30 })
  .map((all) =>
    all.map(({ author, fields, ...at }, i) => note(author, fields, { ...at, seq: i + 1 })),
  );

test('any order and repetition of notes comes to the same', () => {
  fc.assert(
    fc.property(
      histories.chain((entries) =>
        fc.tuple(
          fc.constant(entries),
          fc.shuffledSubarray(entries, { minLength: entries.length }),
          fc.subarray(entries),
          fc.boolean(),
        ),
      ),
      ([entries, shuffled, again, looks]) => {
        const notes = open();
        for (const entry of [...shuffled, ...again]) {
          notes.apply([entry]);
          if (looks) notes.of(target, toHex(target.id));
        }
        expect(notes.of(target, toHex(target.id))).toEqual(noted(entries, target));
        expect(notes.size).toBeGreaterThanOrEqual(entries.length);
      },
    ),
  );
});

test('the last word in the timeline holds: of the author on the text, of each on its own signs', () => {
  fc.assert(
    fc.property(histories, (entries) => {
      const contents = new PlainContents();
      const said = entries
        .toSorted(compareTimeline)
        .map((entry) => ({ by: entry.feed.author, is: contents.of(entry) }))
        .filter(({ is }) => 'target' in is && toHex(is.target) === toHex(target.id));
      const edits = said.filter(({ by, is }) => by === alice && is.type === 'edit');
      const deleted = said.some(({ by, is }) => by === alice && is.type === 'delete');
      const hides = said.filter(({ by, is }) => by === carol && is.type === 'hide');
      const likes = (key: PublicKey) =>
        said
          .filter(({ by, is }) => by === key && is.type === 'reaction' && is.emoji === '👍')
          .at(-1);
      const summary = noted(entries, target);
      expect(summary.text).toBe(edits.map(({ is }) => is.type === 'edit' && is.text).at(-1));
      expect(summary.deleted).toBe(deleted);
      expect(summary.hidden).toBe(
        hides.some(({ is }) => 'on' in is) && hides.map(({ is }) => 'on' in is && is.on).at(-1),
      );
      const liking = [alice, bob, carol].filter((key) => {
        const last = likes(key)?.is;
        return last?.type === 'reaction' && last.on;
      });
      expect(summary.reactions['👍'] ?? []).toEqual(deleted ? [] : liking.sort());
    }),
  );
});

test('edits at two heads and at one time have one order', () => {
  const edits = [
    note(alice, buildEdit(target.id, 'older head'), { seq: 9, head: 0, time: 5 }),
    note(alice, buildEdit(target.id, 'newer head'), { seq: 1, head: 1, time: 5 }),
  ];
  expect(noted(edits, target).text).toBe('newer head');
  expect(noted(edits.toReversed(), target).text).toBe('newer head');
});

test('what others say about the text, from another group, or without the right changes nothing', () => {
  const hostile = [
    note(bob, buildEdit(target.id, 'never said')),
    note(bob, buildDeletion(target.id, [])),
    note(bob, buildHide(target.id, true)),
    note(alice, buildEdit(target.id, 'elsewhere'), { group: otherGroup }),
    note(alice, buildDeletion(target.id, []), { group: otherGroup }),
    note(bob, buildReaction(target.id, '👍', true), { group: otherGroup }),
    note(alice, { kind: 'edit', target: target.id, text: 7 }),
  ];
  expect(noted(hostile, target)).toEqual(nothingNoted);
  const notes = open();
  for (const entry of hostile) expect(notes.isValid(entry, target)).toBe(false);
});

test('notes of one whose place does not count are left out, and come back with the rules', () => {
  let isOut = true;
  const notes = open({ rules: { ...rules, counts: ({ feed }) => feed.author !== bob || !isOut } });
  const reply = say(bob, target.id);
  notes.apply([note(bob, buildReaction(target.id, '👍', true)), reply]);
  const id = toHex(target.id);
  expect(notes.of(target, id).reactions).toEqual({});
  expect(notes.countReplies(target.feed.group, id)).toBe(0);
  isOut = false;
  notes.rulesChanged();
  expect(notes.of(target, id).reactions).toEqual({ '👍': [bob] });
  expect(notes.countReplies(target.feed.group, id)).toBe(1);
});

test('answers are listed in the order of the timeline, deleted ones left out', () => {
  const replies = [say(bob, target.id), say(carol, target.id), say(bob, target.id)] as const;
  const notes = open();
  notes.apply([...replies].reverse());
  notes.apply(replies);
  const { group } = target.feed;
  const id = toHex(target.id);
  expect(notes.replies(group, id).map((reply) => reply.id)).toEqual(
    replies.map((one) => toHex(one.id)),
  );
  expect(notes.countReplies(group, id)).toBe(3);
  notes.apply([note(bob, buildDeletion(replies[1].id, []))]);
  expect(notes.countReplies(group, id), 'not by its author').toBe(3);
  notes.apply([note(carol, buildDeletion(replies[1].id, []))]);
  expect(notes.countReplies(group, id)).toBe(2);
});

test('what asks for acknowledgement and what was pinned is found without a scan', () => {
  const asking = say(alice, undefined, true);
  const notes = open();
  notes.apply([asking, target, note(bob, buildPin(target.id, true))]);
  const { group } = target.feed;
  expect(notes.requests(group).map(({ id }) => id)).toEqual([toHex(asking.id)]);
  expect(notes.pinned(group)).toEqual([toHex(target.id)]);
  expect([notes.requests(otherGroup), notes.pinned(otherGroup)]).toEqual([[], []]);
});

test('of a deleted message its own body and those of its edits are to go, of others’ nothing', () => {
  const notes = open();
  const edits = [
    note(alice, buildEdit(target.id, 'a')),
    note(alice, buildEdit(target.id, 'b')),
  ] as const;
  const foreign = note(bob, buildEdit(target.id, 'c'));
  expect(notes.erasable(notes.apply([...edits, foreign]))).toEqual([]);
  const deletion = note(
    alice,
    buildDeletion(
      target.id,
      edits.map(({ id }) => id),
    ),
  );
  const ids = [target, ...edits].map(({ id }) => toHex(id));
  const { group } = target.feed;
  expect(notes.erasable(notes.apply([deletion]))).toEqual([{ group, author: alice, ids }]);
  const late = note(alice, buildEdit(target.id, 'late'), { time: 1 });
  const [more] = notes.erasable(notes.apply([late]));
  expect(more?.ids).toContain(toHex(late.id));
});

test('F52 an erased edit of a deleted message is known for what it was, after a restart too', () => {
  const edit = note(alice, buildEdit(target.id, 'a'));
  const erased: Entry = { ...edit, object: undefined };
  const notes = open();
  expect(notes.isGone(erased)).toBe(false);
  notes.apply([erased, note(bob, buildDeletion(target.id, [edit.id]))]);
  expect(notes.isGone(erased), 'somebody else says so').toBe(false);
  notes.apply([note(alice, buildDeletion(target.id, [edit.id]))]);
  expect(notes.isGone(erased)).toBe(true);
});

test('F48 beyond the bound notes are counted and left out, the own ones never', () => {
  const notes = open({ limits: { notesMax: 40, textBytesMax: 1000 } });
  const by = (author: PublicKey) =>
    notes.apply([note(author, buildReaction(say(alice).id, '👍', true))]);
  for (let i = 0; i < 15; i++) by(alice);
  expect([notes.size, notes.counters['notes-full']], 'one author has a share').toEqual([10, 5]);
  for (const author of [bob, carol, testKey(4), testKey(5)])
    for (let i = 0; i < 10; i++) by(author);
  expect([notes.size, notes.counters['notes-full']]).toEqual([40, 15]);
  by(self);
  expect(notes.size).toBe(41);
});

test('F48 texts of edits have a bound of their own, and repetitions give back what they took', () => {
  const notes = open({ limits: { notesMax: 4000, textBytesMax: 1600 } });
  const edit = note(alice, buildEdit(target.id, 'x'.repeat(100)));
  const id = toHex(target.id);
  for (let i = 0; i < 50; i++) {
    notes.apply([edit, note(bob, buildAck(target.id))]);
    notes.of(target, id);
  }
  expect(notes.of(target, id).text).toHaveLength(100);
  notes.apply([note(alice, buildEdit(target.id, 'y'.repeat(101)))]);
  expect(notes.of(target, id).text, 'a quarter of all, at two bytes a character').toMatch(/^x+$/);
});

test('whoever toggles without end keeps the last word', () => {
  const notes = open();
  const count = noteLimits.perAuthorMax * 5;
  for (let i = 0; i <= count; i++)
    notes.apply([note(bob, buildReaction(target.id, '👍', i % 2 === 0))]);
  expect(notes.of(target, toHex(target.id)).reactions).toEqual({ '👍': [bob] });
  expect(notes.size).toBeLessThanOrEqual(noteLimits.perAuthorMax * 2);
});

test('a view has so many keys in its reactions and no more, the most used emoji first', () => {
  const entries = Array.from({ length: noteLimits.reactionsShownMax + 10 }, (_, i) =>
    note(testKey(i), buildReaction(target.id, i % 3 === 0 ? 'b' : 'a', true)),
  );
  const { reactions } = noted(entries, target);
  expect(Object.keys(reactions)).toEqual(['a', 'b']);
  expect(Object.values(reactions).flat()).toHaveLength(noteLimits.reactionsShownMax);
});
