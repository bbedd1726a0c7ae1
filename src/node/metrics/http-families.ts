// Metrics of the HTTP surface.
import { counter, counters, gauge, type Family } from './family.ts';

export const httpFamilies: readonly Family[] = [
  {
    ...{ name: 'skychat_http_requests_total', type: 'counter' },
    help: 'Requests answered, but for those that opened a stream, by route and status.',
    labels: ['method', 'route', 'status'],
    read: ({ requests }) =>
      requests.flatMap(({ method, route, answers }) =>
        [...answers].map(([status, value]) => ({
          value,
          labels: { method, route, status: String(status) },
        })),
      ),
  },
  {
    ...{ name: 'skychat_http_request_seconds', type: 'histogram' },
    help: 'Time until the answer began; what was asked to wait (wait, min_peers) is in it.',
    labels: ['method', 'route'],
    read: ({ requests }) =>
      requests.map(({ method, route, seconds }) => ({ view: seconds, labels: { method, route } })),
  },
  counters(
    'skychat_http_problems_total',
    'Requests refused, by problem code.',
    'code',
    ({ problems }) => Object.entries(problems),
  ),
  gauge(
    'skychat_http_readers',
    'Event streams, followed lists and long polls that are open; at most 512.',
    ({ readers }) => readers,
  ),
  gauge(
    'skychat_http_readers_paused',
    'Streams that are paused because their readers are behind.',
    ({ paused }) => paused,
  ),
  counter(
    'skychat_http_reader_pauses_total',
    'How often a stream was paused; it is read to again from its cursor.',
    ({ pauses }) => pauses,
  ),
  {
    ...{ name: 'skychat_webhooks', type: 'gauge' },
    help: 'Outgoing webhooks by state: active, retrying, dead; a dead one waits to be revived.',
    labels: ['state'],
    read: ({ webhooks }) =>
      Object.entries(webhooks).map(([state, value]) => ({ value, labels: { state } })),
  },
];
