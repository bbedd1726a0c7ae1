// Why something could not be written, in the words of those who asked for it.
import { SkychatError, type ErrorCode } from '../errors.ts';

const hints: Partial<Record<ErrorCode, string>> = {
  'disk-full': 'free some space; the message was not accepted and can be sent again',
  'own-feed-unknown':
    'this key has been used before and the store is empty or older: connect a peer that knows ' +
    'the feed, or start with --force-new-head',
  closing: 'the node is shutting down; send again once it is back',
  'too-many-requests': 'the disk does not keep up; send again in a moment',
};

const messages: Partial<Record<ErrorCode, string>> = {
  'disk-full': 'the disk is full',
  'own-feed-unknown': 'no peer has yet told where the own feed stands',
  closing: 'the node is shutting down',
  'too-many-requests': 'too many messages wait for the disk',
};

export function failure(code: ErrorCode): SkychatError {
  const hint = hints[code];
  const message = messages[code] ?? 'the store could not be written';
  return new SkychatError(code, message, hint === undefined ? {} : { hint });
}
