// What others send to incoming hooks, in the shapes that their documentation gives.
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { utf8 } from '../../src/bytes.ts';
import { contentLimits } from '../../src/chat/limits.ts';
import { entriesShownMax, type Notice } from '../../src/bots/payloads/notice.ts';
import { readNotice } from '../../src/bots/payloads/read-notice.ts';

const jsonType = { 'content-type': 'application/json' };

function read(
  body: unknown,
  headers: Record<string, string> = {},
  query: Record<string, string> = {},
): Notice {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? {} : jsonType;
  return readNotice({ headers: { ...type, ...headers }, query, body: utf8(text) }, 'alerts');
}

function form(text: string): Notice {
  return read(text, { 'content-type': 'application/x-www-form-urlencoded' });
}

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
const alertmanager = {
  version: '4',
  groupKey: '{}/{severity="critical"}:{alertname="ProbeFailure"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'chat',
  groupLabels: { alertname: 'ProbeFailure', job: 'http_checks' },
  commonLabels: { alertname: 'ProbeFailure', severity: 'critical' },
  commonAnnotations: {},
  externalURL: 'http://prometheus.example.org:9093',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'ProbeFailure', instance: 'https://a.example.org' },
      annotations: { summary: 'Probe failed', description: 'Down for over 5m.' },
      startsAt: '2023-02-06T13:08:45.828Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.example.org:9090/graph?g0.expr=probe_success',
      fingerprint: '1a30ba71cca2921f',
    },
    {
      status: 'resolved',
      labels: { alertname: 'ProbeFailure', instance: 'https://b.example.org' },
      annotations: { description: 'Back again.\nMore words.' },
      startsAt: '2023-02-06T13:08:45.828Z',
      endsAt: '2023-02-06T13:18:45.828Z',
      generatorURL: '',
      fingerprint: '2a30ba71cca2921f',
    },
  ],
};

test('Alertmanager: a line for the group and one for each alert', () => {
  expect(read(alertmanager).text.split('\n')).toEqual([
    '[FIRING:1] ProbeFailure (job=http_checks)',
    '- firing: Probe failed (instance=https://a.example.org) http://prometheus.example.org:9090/graph?g0.expr=probe_success',
    '- resolved: Back again. (instance=https://b.example.org)',
  ]);
});

test('Alertmanager: of very many alerts some are shown and the rest is counted', () => {
  const alerts = Array.from({ length: 250 }, () => alertmanager.alerts[0]);
  const { text } = read({ ...alertmanager, alerts, truncatedAlerts: 7 });
  const lines = text.split('\n');
  expect(lines).toHaveLength(entriesShownMax + 3);
  expect(lines.slice(-2)).toEqual(['… and 240 more', '(7 more were left out by Alertmanager)']);
});

/** https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/ */
const grafana = {
  receiver: 'My Super Webhook',
  status: 'firing',
  orgId: 1,
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'High memory usage', team: 'blue', zone: 'us-1' },
      annotations: {
        description: 'The system has high memory usage',
        runbook_url: 'https://myrunbook.com/runbook/1234',
        summary: 'This alert was triggered for zone us-1',
      },
      startsAt: '2021-10-12T09:51:03.157076+02:00',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'https://play.grafana.org/alerting/1afz29v7z/edit',
      fingerprint: 'c6eadffa33fcdf37',
      silenceURL: 'https://play.grafana.org/alerting/silence/new',
      dashboardURL: '',
      panelURL: '',
      values: { B: 44.23943737541908, C: 1 },
    },
  ],
  groupLabels: {},
  commonLabels: { team: 'blue' },
  commonAnnotations: {},
  externalURL: 'https://play.grafana.org/',
  version: '1',
  groupKey: '{}:{}',
  truncatedAlerts: 0,
  title: '[FIRING:1]  (blue)',
  state: 'alerting',
  message: '**Firing**\n\nLabels:\n - alertname = T2\n',
};

test('Grafana: its title and a line for each alert', () => {
  expect(read(grafana).text.split('\n')).toEqual([
    '[FIRING:1]  (blue)',
    '- firing: This alert was triggered for zone us-1 (team=blue, zone=us-1) https://play.grafana.org/alerting/1afz29v7z/edit',
  ]);
});

test('Grafana: a rule of its former alerts, which had no list', () => {
  const legacy = {
    ...{ dashboardId: 1, evalMatches: [{ value: 1, metric: 'Count', tags: {} }], orgId: 0 },
    ...{
      message: 'Notification Message',
      ruleId: 1,
      ruleName: 'Panel Title alert',
      state: 'alerting',
    },
    ...{ ruleUrl: 'http://localhost:3000/d/x', title: '[Alerting] Panel Title alert' },
  };
  expect(read(legacy).text).toBe(
    '[Alerting] Panel Title alert\nNotification Message\nhttp://localhost:3000/d/x',
  );
});

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
const repository = { id: 35129377, full_name: 'octocat/Hello-World' };
const sender = { login: 'octocat' };

test.each([
  [
    'ping',
    { zen: 'Encourage flow.', hook_id: 2472869, repository, sender },
    '[octocat/Hello-World] octocat GitHub will tell of this repository here. Encourage flow.',
  ],
  [
    'push',
    {
      ref: 'refs/heads/main',
      before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
      after: '0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c',
      compare: 'https://github.com/octocat/Hello-World/compare/6113728f27ae...0d1a26e67d8f',
      commits: [
        {
          ...{
            id: '0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c',
            message: 'Update README.md\n\nMore.',
          },
          ...{ author: { name: 'Codertocat', email: 'a@example.com' }, added: [], removed: [] },
        },
      ],
      pusher: { name: 'octocat' },
      ...{ repository, sender },
    },
    '[octocat/Hello-World] octocat pushed 1 commit to main https://github.com/octocat/Hello-World/compare/6113728f27ae...0d1a26e67d8f\n- 0d1a26e Update README.md (Codertocat)',
  ],
  [
    'pull_request',
    {
      ...{ action: 'closed', number: 2, repository, sender },
      pull_request: {
        ...{ number: 2, title: 'Update the README', merged_at: '2019-05-15T15:20:33Z' },
        html_url: 'https://github.com/octocat/Hello-World/pull/2',
      },
    },
    '[octocat/Hello-World] octocat merged pull request #2 Update the README https://github.com/octocat/Hello-World/pull/2',
  ],
  [
    'issue_comment',
    {
      ...{ action: 'created', repository, sender, issue: { number: 1, title: 'Spelling' } },
      comment: { body: 'You are right!\nThanks.', html_url: 'https://github.com/c/1' },
    },
    '[octocat/Hello-World] octocat commented on #1 Spelling https://github.com/c/1\nYou are right!',
  ],
  [
    'workflow_run',
    {
      ...{ action: 'completed', repository, sender },
      workflow_run: {
        ...{ name: 'CI', conclusion: 'failure', head_branch: 'main', html_url: 'https://x/1' },
      },
    },
    '[octocat/Hello-World] octocat workflow "CI" failure on main https://x/1',
  ],
  [
    'release',
    {
      ...{ action: 'published', repository, sender },
      release: { tag_name: 'v1.0', name: null, html_url: 'https://x/2' },
    },
    '[octocat/Hello-World] octocat published release v1.0 https://x/2',
  ],
  [
    'branch_protection_rule',
    { action: 'edited', repository, sender },
    '[octocat/Hello-World] octocat branch protection rule edited',
  ],
])('GitHub: %s', (event, body, text) => {
  expect(read(body, { 'x-github-event': event }).text).toBe(text);
  const encoded = `payload=${encodeURIComponent(JSON.stringify(body))}`;
  const type = 'application/x-www-form-urlencoded';
  expect(read(encoded, { 'x-github-event': event, 'content-type': type }).text).toBe(text);
});

test('Slack: the text, as JSON, as a form, and as curl sends JSON that is called a form', () => {
  const text = 'Danny Torrence left a 1 star review';
  expect(read({ text })).toEqual({ text });
  expect(form(`payload=${encodeURIComponent(JSON.stringify({ text }))}`)).toEqual({ text });
  expect(form(JSON.stringify({ text }))).toEqual({ text });
});

test('Slack: links, mentions and escapes are shown as they are read', () => {
  const text =
    'a &lt;b&gt; &amp;lt; <https://a.example/?x=1&amp;y=2|the page> <https://b.example> <!here>';
  expect(read({ text }).text).toBe(
    'a <b> &lt; the page (https://a.example/?x=1&y=2) https://b.example @here',
  );
});

test('Slack: blocks and attachments, as Alertmanager and Grafana send them to it', () => {
  const attachments = [
    {
      ...{ title: '[FIRING:1] HighLoad', title_link: 'https://am.example/', text: 'load is 12' },
      ...{ fallback: 'not shown', color: 'danger', mrkdwn_in: ['text'] },
      fields: [{ title: 'job', value: 'api', short: true }],
    },
    { fallback: 'only this' },
  ];
  expect(read({ channel: '#x', username: 'Alertmanager', attachments }).text).toBe(
    'Alertmanager: [FIRING:1] HighLoad https://am.example/\nload is 12\njob: api\nonly this',
  );
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: 'New request' } },
    { type: 'section', fields: [{ type: 'mrkdwn', text: '*Type:* leave' }] },
    { type: 'divider' },
    {
      type: 'context',
      elements: [
        { type: 'mrkdwn', text: 'by' },
        { type: 'mrkdwn', text: 'Fred' },
      ],
    },
    {
      type: 'rich_text',
      elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'hello' }] }],
    },
  ];
  expect(read({ blocks }).text).toBe('New request\n*Type:* leave\nby Fred\nhello');
  expect(read({ text: 'short', blocks }).text).toBe('short');
});

test('Slack: another name than the one of the hook stands before the text, and its own does not', () => {
  expect(read({ text: 'a', username: 'alice' }).text).toBe('alice: a');
  expect(read({ text: 'a', username: 'Alerts' }).text).toBe('a');
});

/** https://docs.ntfy.sh/publish/ */
test('ntfy: a body with headers, by any of their names', () => {
  const headers = {
    title: 'Unauthorized access detected',
    priority: 'urgent',
    tags: 'warning,skull',
  };
  const text = 'Remote access to phils-laptop detected. Act right away.';
  const expected = `Unauthorized access detected: ${text} #warning #skull`;
  expect(read(text, headers)).toMatchObject({ text: expected, priority: 'urgent' });
  const short = { 'x-title': headers.title, prio: '5', ta: headers.tags };
  expect(read(text, short)).toMatchObject({ text: expected, priority: 'urgent' });
  expect(read(text, {}, { ti: headers.title, p: 'max', tag: headers.tags })).toMatchObject({
    ...{ text: expected, priority: 'urgent' },
  });
  expect(read('', {}, { message: 'from the URL' }).text).toBe('from the URL');
  expect(read('a\nb', { title: 'T' }).text).toBe('T\na\nb');
});

test('ntfy: a header in UTF-8, or in encoded words', () => {
  const raw = Buffer.from('Grüße 👋').toString('latin1');
  const word = `=?UTF-8?B?${Buffer.from('Grüße 👋').toString('base64')}?=`;
  for (const title of [raw, word, '=?utf-8?q?Gr=C3=BC=C3=9Fe_=F0=9F=91=8B?=']) {
    expect(read('x', { title }).text).toBe('Grüße 👋: x');
  }
});

test('ntfy: all of it as JSON', () => {
  const body = {
    ...{ topic: 'mytopic', message: 'Disk space is low at 5.1 GB', title: 'Low disk space alert' },
    ...{ tags: ['warning', 'cd'], priority: 4, attach: 'https://f.example/space.jpg' },
    ...{ filename: 'diskspace.jpg', click: 'https://homecamera.lan/xasds1h2xsSsa/' },
    actions: [{ action: 'view', label: 'Admin panel', url: 'https://f.example/' }],
  };
  expect(read(body)).toEqual({
    text: 'Low disk space alert: Disk space is low at 5.1 GB https://homecamera.lan/xasds1h2xsSsa/ #warning #cd',
    priority: 'high',
    ntfy: {
      ...{ topic: 'mytopic', message: body.message, title: body.title, tags: ['warning', 'cd'] },
    },
  });
});

test.each([
  ['1', 'low'],
  ['min', 'low'],
  ['2', 'low'],
  ['3', undefined],
  ['default', undefined],
  ['nonsense', undefined],
  ['4', 'high'],
  ['MAX', 'urgent'],
])('ntfy: the priority %s is %s', (given, priority) => {
  expect(read('x', { priority: given }).priority).toBe(priority);
});

test('a shell script says what it wants to say', () => {
  expect(form('backup of db1 done, 100% ok & fine').text).toBe(
    'backup of db1 done, 100% ok & fine',
  );
  expect(form('payload: none').text).toBe('payload: none');
  expect(read('{not json').text).toBe('{not json');
});

test.each([
  [{}, 'bad-field'],
  [{ foo: 'bar' }, 'bad-field'],
  [[], 'bad-field'],
  [1, 'bad-field'],
  [null, 'bad-field'],
  [{ text: '' }, 'empty-text'],
  [{ text: ' \n' }, 'empty-text'],
  ['', 'empty-text'],
])('%j has no text', (body, code) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ code }) as Error);
});

test('what is called JSON and is none, or no UTF-8, is refused', () => {
  expect(() => read('{', jsonType)).toThrow(expect.objectContaining({ code: 'bad-json' }) as Error);
  const body = Uint8Array.of(0x68, 0xff);
  const bad = () => readNotice({ headers: {}, query: {}, body }, 'x');
  expect(bad).toThrow(expect.objectContaining({ code: 'bad-text' }) as Error);
});

test('a text that is too long is cut, and what cannot be carried is replaced', () => {
  const { text } = read('ä'.repeat(contentLimits.textBytesMax));
  expect(utf8(text).length).toBeLessThanOrEqual(contentLimits.textBytesMax);
  expect(text).toMatch(/^ä+…$/);
  expect(read({ text: '\ufeffa\ud800b' }).text).toBe('a\ufffdb');
});

test('whatever JSON comes, it is read or refused', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 5 }),
      fc.constantFrom('push', 'x', undefined),
      (value, event) => {
        const headers = { ...jsonType, ...(event !== undefined && { 'x-github-event': event }) };
        const known = {
          alerts: value,
          attachments: value,
          blocks: value,
          commits: value,
          text: value,
        };
        for (const body of [value, known, { ...known, orgId: value }, { alerts: [value] }]) {
          try {
            expect(
              readNotice({ headers, query: {}, body: utf8(JSON.stringify(body)) }, 'x').text,
            ).not.toBe('');
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^(bad-field|empty-text)$/) as unknown,
            });
          }
        }
      },
    ),
  );
});
