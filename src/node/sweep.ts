// Removes what has expired of the idempotency keys, in the steps that one commit takes.
import type { Chat } from '../chat/chat.ts';

export async function sweepExpired(
  { idempotency }: Pick<Chat, 'idempotency'>,
  isOpen: () => boolean,
): Promise<void> {
  let removed: number;
  do {
    removed = await idempotency.sweep();
  } while (removed > 0 && isOpen());
}
