// Messages as they are sent to Slack's incoming webhooks: a text, or blocks and attachments, of which
// the words are taken. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
import { fieldsOf } from '../row-book.ts';
import { lines, listIn, textIn, words, type Notice } from './notice.ts';

/** Undefined for what is no message of Slack's. @param name under which it will be posted */
export function noticeOfSlack(value: unknown, name: string): Notice | undefined {
  const blocks = listIn(value, 'blocks');
  const attachments = listIn(value, 'attachments');
  const { text } = fieldsOf(value);
  if (typeof text !== 'string' && blocks.length === 0 && attachments.length === 0) return undefined;
  // Where there are blocks, the text says the same for those who cannot show them.
  const said = textIn(value, 'text') || lines(...blocks.map(textOfBlock));
  const whole = unescape(lines(said, ...attachments.map(textOfAttachment)));
  const username = textIn(value, 'username');
  // The name is the hook's, whoever asks for another.
  const isOther = username !== '' && username.toLowerCase() !== name.toLowerCase();
  return { text: whole !== '' && isOther ? `${username}: ${whole}` : whole };
}

function textOfBlock(block: unknown): string {
  const fields = listIn(block, 'fields').map((field) => textIn(field, 'text'));
  const elements = listIn(block, 'elements').map(textOfElement);
  return lines(textIn(block, 'text', 'text'), ...fields, words(...elements));
}

/** Of a context or, one or two levels deeper, of rich text. */
function textOfElement(element: unknown, depth: unknown = 0): string {
  const own = textIn(element, 'text') || textIn(element, 'text', 'text') || textIn(element, 'url');
  if (typeof depth !== 'number' || depth > 2) return own;
  return words(own, ...listIn(element, 'elements').map((each) => textOfElement(each, depth + 1)));
}

function textOfAttachment(attachment: unknown): string {
  const title = words(textIn(attachment, 'title'), textIn(attachment, 'title_link'));
  const fields = listIn(attachment, 'fields').map((field) => {
    return `${textIn(field, 'title')}: ${textIn(field, 'value')}`;
  });
  const blocks = listIn(attachment, 'blocks').map(textOfBlock);
  const pretext = textIn(attachment, 'pretext');
  const said = lines(pretext, title, textIn(attachment, 'text'), ...fields, ...blocks);
  return said === '' ? textIn(attachment, 'fallback') : said;
}

/** `<https://a|label>` is a link, `<!here>` a mention, and three characters are written as in HTML. */
function unescape(text: string): string {
  const plain = text
    .replaceAll(/<(https?:[^|>\s]+|mailto:[^|>\s]+)\|([^>]*)>/g, '$2 ($1)')
    .replaceAll(/<(https?:[^|>\s]+|mailto:[^|>\s]+)>/g, '$1')
    .replaceAll(/<!(here|channel|everyone)(?:\|[^>]*)?>/g, '@$1');
  return plain.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
