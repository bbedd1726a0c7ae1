// Messages as they are published to ntfy: the text as the body with the rest in headers or parameters,
// or all of it as JSON. https://docs.ntfy.sh/publish/
import type { IncomingHttpHeaders } from 'node:http';
import { parseUtf8 } from '../../bytes.ts';
import { fieldsOf } from '../row-book.ts';
import { lines, textIn, words, type Notice } from './notice.ts';

interface Parts {
  readonly message: string;
  readonly title: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly click: string;
  readonly topic: string;
}

/** Undefined for JSON that is no message of ntfy's. */
export function noticeOfNtfyJson(value: unknown): Notice | undefined {
  const { message, title, topic, tags } = fieldsOf(value);
  const isNtfy = [message, title].some((each) => typeof each === 'string');
  if (!isNtfy && typeof topic !== 'string') return undefined;
  return noticeOf({
    message: textIn(value, 'message'),
    title: textIn(value, 'title'),
    priority: textIn(value, 'priority'),
    tags: Array.isArray(tags) ? tags.map((tag) => textIn(tag)) : [],
    click: textIn(value, 'click'),
    topic: textIn(value, 'topic'),
  });
}

/** The names by which ntfy takes each, as headers with or without `X-`, or as parameters. */
const names = {
  message: ['message', 'm'],
  title: ['title', 't', 'ti'],
  priority: ['priority', 'prio', 'p'],
  tags: ['tags', 'tag', 'ta'],
  click: ['click'],
} as const;

export function noticeOfNtfyText(
  text: string,
  headers: IncomingHttpHeaders,
  query: Readonly<Record<string, unknown>>,
): Notice {
  const find = (field: keyof typeof names): string => {
    const found = names[field].flatMap((name) => [
      ...[headers[`x-${name}`], headers[name]].map((value) => decodeHeader(value)),
      textIn(query, name),
    ]);
    return found.find((value) => value !== '') ?? '';
  };
  return noticeOf({
    message: find('message') || text,
    title: find('title'),
    priority: find('priority'),
    tags: find('tags').split(','),
    click: find('click'),
    topic: '',
  });
}

function noticeOf({ message, title, tags, topic, ...parts }: Parts): Notice {
  const priority = priorityOf(parts.priority);
  const said = message.trimEnd();
  const marks = tags.map((tag) => tag.trim()).filter((tag) => tag !== '');
  const head = title === '' || said === '' || said.includes('\n') ? title : `${title}:`;
  const text = said.includes('\n') ? lines(head, said) : words(head, said);
  return {
    text: words(text, parts.click, ...marks.map((mark) => `#${mark.replaceAll(/\s+/g, '_')}`)),
    ...(priority !== undefined && { priority }),
    ntfy: {
      ...(topic !== '' && { topic }),
      message: said,
      ...(title !== '' && { title }),
      ...(marks.length > 0 && { tags: marks }),
    },
  };
}

/** ntfy has five, of which the middle one is none. */
function priorityOf(text: string): Notice['priority'] {
  switch (text.toLowerCase()) {
    case '1':
    case 'min':
    case '2':
    case 'low':
      return 'low';
    case '4':
    case 'high':
      return 'high';
    case '5':
    case 'max':
    case 'urgent':
      return 'urgent';
    default:
      return undefined;
  }
}

/** UTF-8 as it is, which curl sends and node reads as Latin-1; or encoded words (RFC 2047). */
function decodeHeader(value: string | string[] | undefined): string {
  if (typeof value !== 'string') return '';
  const text = parseUtf8(Buffer.from(value, 'latin1')) ?? value;
  const decoded = text.replaceAll(
    /=\?utf-8\?([bq])\?([^?\s]*)\?=/gi,
    (_, kind: string, word: string) => {
      const bytes =
        kind.toLowerCase() === 'b'
          ? Buffer.from(word, 'base64')
          : Buffer.from(unquote(word), 'latin1');
      return parseUtf8(bytes) ?? '';
    },
  );
  return decoded.trim();
}

function unquote(word: string): string {
  return word
    .replaceAll('_', ' ')
    .replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
