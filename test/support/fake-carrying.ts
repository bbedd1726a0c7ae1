// What people carry by hand, as the HTTP surface sees it: remembers what came, and gives out fixed bytes.
import { utf8 } from '../../src/bytes.ts';
import { SkychatError } from '../../src/errors.ts';
import type { Carrying, TakenView } from '../../src/http/carrying.ts';

export class FakeCarrying implements Carrying {
  readonly taken: { readonly bytes: Uint8Array; readonly isLast: boolean }[] = [];
  answer: readonly TakenView[] = [];

  exportBundle(group: string | undefined): Promise<AsyncIterable<Uint8Array>> {
    if (group === undefined || group === 'lobby') return Promise.resolve(pieces('a ', 'bundle'));
    return Promise.reject(new SkychatError('unknown-group', 'no such group'));
  }

  importBundle(bytes: Uint8Array, isLast: boolean): Promise<readonly TakenView[]> {
    this.taken.push({ bytes, isLast });
    return Promise.resolve(this.answer);
  }

  copyStore(): AsyncIterable<Uint8Array> {
    return pieces('rows');
  }
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(utf8(text));
}
