// Tells by whom an incoming hook was called, and takes from what it was sent the text to post.
import { parseUtf8, utf8 } from '../../bytes.ts';
import { contentLimits } from '../../chat/limits.ts';
import { SkychatError } from '../../errors.ts';
import type { HookRequest } from '../../http/hooks.ts';
import { noticeOfAlerts } from './alerts.ts';
import { noticeOfGithub } from './github.ts';
import type { Notice } from './notice.ts';
import { noticeOfNtfyJson, noticeOfNtfyText } from './ntfy.ts';
import { noticeOfSlack } from './slack.ts';

/**
 * @param name under which it will be posted
 * @throws SkychatError `bad-text`, `bad-json`, `bad-field`, `empty-text`
 */
export function readNotice({ headers, query, body }: HookRequest, name: string): Notice {
  const text = parseUtf8(body);
  if (text === undefined) throw new SkychatError('bad-text', 'the body is not valid UTF-8');
  const value = jsonOf(text, headers['content-type'] ?? '');
  const event = headers['x-github-event'];
  const notice =
    value === undefined
      ? noticeOfNtfyText(text, headers, query)
      : typeof event === 'string'
        ? noticeOfGithub(event, value)
        : (noticeOfAlerts(value) ?? noticeOfSlack(value, name) ?? noticeOfNtfyJson(value));
  if (notice === undefined) {
    throw new SkychatError('bad-field', 'there is no text in it that is known', {
      hint: 'Send {"text":"…"}, the bare text, or what Alertmanager, Grafana, GitHub or ntfy send.',
    });
  }
  const sendable = makeSendable(notice.text);
  if (sendable === '') throw new SkychatError('empty-text', 'there is no text in it');
  return { ...notice, text: sendable };
}

/** Undefined where it is bare text: what `curl -d` calls a form may be JSON. */
function jsonOf(text: string, contentType: string): unknown {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return parse(text);
  const payload = type === 'application/x-www-form-urlencoded' && /^payload=/.test(text);
  if (payload) return parse(new URLSearchParams(text).get('payload') ?? '');
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SkychatError('bad-json', 'the body does not parse as JSON');
  }
}

/** An alert that cannot be carried as it is, or is too long, is better shown in part than lost. */
function makeSendable(text: string): string {
  const whole = text
    .replaceAll(/\p{Surrogate}/gu, '\ufffd')
    .replace(/^\ufeff+/, '')
    .trim();
  const { textBytesMax } = contentLimits;
  const bytes = utf8(whole);
  if (bytes.length <= textBytesMax) return whole;
  const cut = new TextDecoder().decode(bytes.subarray(0, textBytesMax - 16));
  return `${cut.replace(/\ufffd+$/, '')}…`;
}
