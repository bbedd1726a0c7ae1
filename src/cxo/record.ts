// What a store is given of a run: its bytes, and the index rows of its messages.
import type { Run } from './segment.ts';
import type { NewRecord } from './store.ts';

/** @param labelOf the label under which the store finds objects of a kind again */
export function buildRecord(
  run: Run,
  held: boolean,
  labelOf: (kind: string) => string | undefined,
): NewRecord {
  const messages = run.entries.flatMap(({ seq, objects }) =>
    objects.map(({ message, kind }, index) => ({
      id: message,
      seq,
      index,
      label: kind === undefined ? undefined : labelOf(kind),
    })),
  );
  const { feed, from, bytes, head, signature } = run;
  return { feed, from, bytes, signed: signature !== undefined, messages, time: head.time, held };
}
