// The stream that all tabs share: how it comes back, and who hears it.
import { expect, test } from 'vitest';
import { EventParser } from '../../src/web/live/event-parser.ts';
import { Hub, type HubPorts } from '../../src/web/live/hub.ts';
import { Tabs, type TabPort } from '../../src/web/live/ports.ts';
import type { FromHub, StreamEvent } from '../../src/web/live/wire.ts';
import fc from 'fast-check';

function written({ cursor, event, data }: StreamEvent): string {
  return `id: ${cursor}\nevent: ${event}\ndata: ${data}\n\n`;
}

const event = (cursor: string): StreamEvent => ({
  cursor,
  event: 'message',
  data: `{"c":${cursor}}`,
});

test('events are the same however the stream is cut, and a cursor counts once its event is whole', () => {
  const list = ['1', '2', '3'].map(event);
  const text = `retry: 1000\nid: 0\n\n${list.map(written).join(': still here\n\n')}`;
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(text.length)), (cuts) => {
      const parser = new EventParser();
      const events: StreamEvent[] = [];
      const edges = [0, ...cuts.sort((a, b) => a - b), text.length];
      for (let i = 1; i < edges.length; i++) {
        events.push(...parser.push(text.slice(edges[i - 1], edges[i])));
        if (parser.cursor !== '' && parser.cursor !== '0') {
          expect(events.at(-1)?.cursor).toBe(parser.cursor);
        }
      }
      expect(events).toEqual(list);
    }),
  );
});

test('a line without an end is no stream of this node', () => {
  const parser = new EventParser();
  const part = 'x'.repeat(1024 * 1024);
  expect(() => {
    for (let i = 0; i < 9; i++) parser.push(part);
  }).toThrow(RangeError);
});

type Answer = Response | Error;

/** A node that gives these answers one after the other, then none; its timers go off at once. */
function script(answers: readonly (() => Answer)[]) {
  const asked: { path: string; token: string | undefined }[] = [];
  let wait: (() => void) | undefined;
  const done = new Promise<void>((resolve) => (wait = resolve));
  const left = [...answers];
  const ports: HubPorts = {
    fetch: (path, init) => {
      const headers = init.headers as Record<string, string>;
      asked.push({ path, token: headers['authorization'] });
      const next = left.shift();
      if (next === undefined) {
        wait?.();
        return new Promise(() => undefined);
      }
      const answer = next();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    now: () => 1000,
    after: (ms, callback) => {
      // The watch for silence never ends here; pauses end at once.
      if (ms < 10_000) queueMicrotask(callback);
      return () => undefined;
    },
    random: () => 0.5,
  };
  return { ports, asked, done };
}

const stream =
  (...cursors: string[]) =>
  (): Response =>
    new Response(`retry: 1000\nid: 10\n\n${cursors.map((each) => written(event(each))).join('')}`);
const away = (): Error => new TypeError('fetch failed');
const status = (code: number) => (): Response => new Response('{}', { status: code });

test('the hub comes back from its cursor, whatever ended the stream, and says how it stands', async () => {
  const { ports, asked, done } = script([
    stream('11', '12'),
    away,
    away,
    status(503),
    stream('13'),
  ]);
  const heard: FromHub[] = [];
  const hub = new Hub(ports, (message) => heard.push(message));
  const run = hub.run('secret');
  await done;
  hub.close();
  void run;
  const froms = asked.map(({ path }) => path.split('=')[1]);
  expect(froms).toEqual(['now', '12', '12', '12', '12', '13']);
  expect(new Set(asked.map(({ token }) => token))).toEqual(new Set(['Bearer secret']));
  const kinds = heard.map((each) => (each.kind === 'state' ? each.state.kind : each.kind));
  expect(kinds).toEqual(['live', 'events', 'unreachable', 'live', 'events', 'unreachable']);
});

test('a cursor that the node does not know begins anew and says so; a wrong token waits for another', async () => {
  const { ports, asked, done } = script([
    stream('11'),
    status(400),
    stream(),
    status(401),
    stream(),
  ]);
  const heard: string[] = [];
  const hub = new Hub(ports, (message) => {
    heard.push(message.kind === 'state' ? message.state.kind : message.kind);
    if (message.kind === 'state' && message.state.kind === 'locked') {
      // As a person does, a while later.
      setTimeout(() => {
        hub.setToken('right');
      }, 0);
    }
  });
  void hub.run('wrong');
  await done;
  hub.close();
  expect(heard).toContain('reset');
  expect(asked[2]?.path).toBe('/events?after=now');
  expect(asked.at(-1)?.token).toBe('Bearer right');
});

test('a tab without the token that opened the stream hears nothing of it', async () => {
  const { ports, done } = script([stream('11')]);
  const tabs = new Tabs(ports);
  const heard = new Map<string, FromHub[]>();
  const tab = (name: string): TabPort => ({
    postMessage: (message) => heard.set(name, [...(heard.get(name) ?? []), message]),
  });
  const [first, second, stranger] = [tab('first'), tab('second'), tab('stranger')];
  tabs.handle(first, { kind: 'hello', token: 'secret', lock: null });
  tabs.handle(second, { kind: 'hello', token: 'secret', lock: null });
  tabs.handle(stranger, { kind: 'hello', token: null, lock: null });
  await done;
  const eventsOf = (name: string) => heard.get(name)?.filter(({ kind }) => kind === 'events');
  expect(eventsOf('first')).toHaveLength(1);
  expect(eventsOf('second')).toHaveLength(1);
  expect(heard.get('stranger')).toEqual([{ kind: 'state', state: { kind: 'locked' } }]);
  for (const each of [first, second, stranger]) tabs.handle(each, { kind: 'bye' });
  expect(tabs.size).toBe(0);
});

test('no more tabs are kept than a person opens', () => {
  const { ports } = script([]);
  const tabs = new Tabs(ports);
  for (let i = 0; i < 100; i++) {
    tabs.handle({ postMessage: () => undefined }, { kind: 'hello', token: null, lock: null });
  }
  expect(tabs.size).toBe(64);
});
