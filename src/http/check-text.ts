// Whether a text can be a message: there is one, it is not too long, and it comes back as it was.
import { SkychatError } from '../errors.ts';
import { textBytesMax } from './limits.ts';

/** What UTF-8 or the encoding of objects would not bring back as it was is refused at the door. */
export function checkText(text: string): void {
  if (text === '') throw new SkychatError('empty-text', 'the text is empty');
  if (text.length > textBytesMax || Buffer.byteLength(text) > textBytesMax) {
    throw new SkychatError('text-too-large', `the text has more than ${textBytesMax} bytes`);
  }
  if (text.startsWith('\ufeff')) {
    throw new SkychatError('bad-text', 'the text begins with U+FEFF');
  }
  if (/\p{Surrogate}/u.test(text)) {
    throw new SkychatError('bad-text', 'the text has an unpaired surrogate');
  }
}
