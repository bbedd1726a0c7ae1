// GET /metrics of real nodes: that what happens is counted, and that Prometheus can read it.
import { expect, test } from 'vitest';
import { Daemon } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { hasProgram, runProgramOf } from '../support/programs.ts';

const workspace = useWorkspace();

/** Values by series: `name{label="value"}` as it is written. */
async function scrape(node: Daemon): Promise<{ text: string; values: Map<string, number> }> {
  const { status, headers, body: text } = await node.ask<string>('GET', '/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const values = new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
  expect(values.size, 'no series twice').toBe(lines.length);
  return { text, values };
}

test('posts, links, verifications, commits and requests are counted where they happen', async () => {
  const a = await Daemon.make(workspace, 'counted-a');
  const b = await Daemon.make(workspace, 'counted-b');
  a.flags.push('--peers', b.address);
  b.flags.push('--peers', a.address);
  await Promise.all([a.start(), b.start()]);
  await Promise.all([a.untilConnected(b), b.untilConnected(a)]);
  const before = await scrape(b);
  for (let i = 0; i < 5; i++) await a.post(`number ${i}`);
  await b.untilMessages(5);
  await b.until('all that was said', async () => (await b.status()).behind === 0);
  await b.ask('GET', '/messages/nothing');
  await b.ask('GET', '/v1/status');
  const { values } = await scrape(b);
  const rise = (series: string): number =>
    (values.get(series) ?? 0) - (before.values.get(series) ?? 0);
  // What nodes say of themselves when they meet arrives as well.
  expect(rise('skychat_arrivals_total')).toBeGreaterThanOrEqual(5);
  expect(rise('skychat_messages')).toBe(5);
  expect(rise('skychat_verified_objects_total')).toBeGreaterThanOrEqual(5);
  expect(rise('skychat_link_received_frames_total')).toBeGreaterThanOrEqual(5);
  expect(rise('skychat_link_received_bytes_total')).toBeGreaterThan(500);
  expect(rise('skychat_commit_messages_sum')).toBeGreaterThanOrEqual(5);
  expect(rise('skychat_commit_seconds_count')).toBeGreaterThan(0);
  expect(rise('skychat_http_problems_total{code="bad-id"}')).toBe(1);
  const requests = 'skychat_http_requests_total{method="GET",route=';
  expect(rise(`${requests}"/messages/:id",status="400"}`)).toBe(1);
  // Below /v1 it is the same route; the test asks for it as well.
  expect(rise(`${requests}"/status",status="200"}`)).toBeGreaterThan(0);
  expect(values.get(`skychat_peer_connected{peer="${a.pk}"}`)).toBe(1);
  expect(values.get('skychat_peers{state="connected"}')).toBe(1);
  expect(values.get('skychat_behind_messages')).toBe(0);
  // The counters of links outlive the links.
  await a.stop();
  await b.until('the end of the link', async () => (await b.peer(a.pk))?.state !== 'connected');
  const after = await scrape(b);
  const bytes = 'skychat_link_received_bytes_total';
  expect(after.values.get(bytes)).toBeGreaterThanOrEqual(values.get(bytes) ?? Infinity);
  expect(after.values.get(`skychat_peer_connected{peer="${a.pk}"}`)).toBe(0);
});

test('a token that guards the surface guards the metrics', async () => {
  const token = workspace.path('token');
  const { code } = await workspace.run('sh', ['-c', `echo secret > ${token}`]);
  expect(code).toBe(0);
  const flags = ['--http-token-file', token];
  const node = await Daemon.start(workspace, 'guarded', { flags });
  expect((await node.ask('GET', '/metrics')).status).toBe(401);
  const headers = { authorization: 'Bearer secret' };
  expect((await node.ask('GET', '/metrics', { headers })).status).toBe(200);
});

test.skipIf(!hasProgram('promtool', 'the check of the metrics of a node'))(
  'promtool has nothing to say about what a node answers',
  async () => {
    const node = await Daemon.start(workspace, 'linted');
    await node.post('hello');
    await scrape(node);
    const { text } = await scrape(node);
    const ran = runProgramOf('promtool', ['check', 'metrics'], text);
    expect(ran).toEqual({ status: 0, printed: '' });
  },
);
