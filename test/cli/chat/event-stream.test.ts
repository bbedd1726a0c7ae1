import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventParser } from '../../../src/cli/chat/event-stream.ts';

const stream =
  ': hello\n\nid: 1\nevent: message\ndata: {"text":"a"}\n\n: alive\n\nid: 2\ndata: b\ndata: c\n\n' +
  'retry: 3\n\nid:3\r\nevent:edit\r\ndata:{"text":"d: e"}\r\n\r\nid: 4\ndata: cut';

const events = [
  { id: '1', event: 'message', data: '{"text":"a"}' },
  { id: '2', event: '', data: 'b\nc' },
  { id: '3', event: 'edit', data: '{"text":"d: e"}' },
];

test('events are the same however the stream is cut into pieces, and one without an end is none', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: stream.length })), (cuts) => {
      const parser = new EventParser();
      const places = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
      const found = places
        .slice(0, -1)
        .flatMap((from, i) => parser.push(stream.slice(from, places[i + 1])));
      expect(found.slice(0, 3)).toEqual(events);
      expect(found).toHaveLength(3);
    }),
  );
});
