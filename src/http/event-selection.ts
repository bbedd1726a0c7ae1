// Which events a reader of GET /events wants: kinds, and a group. Knows nothing of streams.
import type { Happening } from '../chat/news/happenings.ts';
import type { EventView } from '../chat/view.ts';
import { badField, quote, type FieldReader } from './fields.ts';
import { withSchema } from './schema.ts';

/** In the order of the documentation; what tells of the stream itself comes last, and always. */
export const eventNames = [
  ...(['message', 'edit', 'delete', 'reaction', 'ack', 'pin', 'hide'] as const),
  ...(['read', 'group', 'peer', 'gap', 'shutdown'] as const),
] satisfies readonly (EventView['event'] | Happening['event'] | 'shutdown')[];

type EventName = (typeof eventNames)[number];

export interface EventSelection {
  /** Every kind, where not given. */
  readonly events?: ReadonlySet<EventName>;
  /** Id of a group; all groups where not given. */
  readonly group?: string;
}

/** Names with commas between them. */
export const eventList: FieldReader<ReadonlySet<EventName>> = withSchema(
  { type: 'string', pattern: `^(${eventNames.join('|')})(,(${eventNames.join('|')}))*$` },
  (value, name) => {
    const names = value.split(',').map((each) => {
      const found = eventNames.find((one) => one === each);
      if (found === undefined) throw badField(`${name}: there is no event ${quote(each)}`);
      return found;
    });
    return new Set(names);
  },
);

/** Of what arrives, whose groups are looked at before. */
export function selectsEvent({ events }: EventSelection, { event }: EventView): boolean {
  return events === undefined || event === 'gap' || events.has(event);
}

export function selectsHappening({ events, group }: EventSelection, happening: Happening): boolean {
  if (happening.event !== 'gap' && events?.has(happening.event) === false) return false;
  // Peers are of no group: who asks for one has to ask for them as well.
  if (happening.event === 'peer') return group === undefined || events !== undefined;
  const of = groupOf(happening);
  return group === undefined || of === null || of === group;
}

function groupOf({ event, data }: Exclude<Happening, { event: 'peer' }>): string | null {
  if (event === 'group') return data.id;
  if (event === 'read') return data.group;
  return data.of === 'message' ? data.group : null;
}

/** The same for selections of the same events. */
export function nameOfSelection({ events, group }: EventSelection): string {
  return JSON.stringify([group, events === undefined ? null : [...events].sort()]);
}
