// What a store is given of a run: its bytes, and the index rows of its messages.
import type { Run } from './segment.ts';
import type { PlaceInTime } from './draft.ts';
import type { NewRecord } from './store.ts';

/** The label under which the store finds an object again; undefined where it need not. */
export type LabelOf = (kind: string, object: Uint8Array, place: PlaceInTime) => string | undefined;

/** For who checks a store: the object may have any label, or none. */
export const unknownLabel = '';

/**
 * Labels of messages that people said, and which are to be found again all the same, begin with this;
 * all others tell that the message is none of a person.
 */
export const textLabelPrefix = 'text-';

/** Whether a message with the label is none of a person. */
export function isNoText(label: string): boolean {
  return !label.startsWith(textLabelPrefix);
}

export function buildRecord(run: Run, held: boolean, labelOf: LabelOf): NewRecord {
  const messages = run.entries.flatMap(({ seq, time, objects }) =>
    objects.map(({ message, kind, bytes: object }, index) => ({
      id: message,
      seq,
      index,
      label:
        kind === undefined || object === undefined
          ? undefined
          : labelOf(kind, object, { feed: run.feed, seq, index, time }),
    })),
  );
  const { feed, from, bytes, head, signature } = run;
  return { feed, from, bytes, signed: signature !== undefined, messages, time: head.time, held };
}
