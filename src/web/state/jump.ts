// The message that the reader wants to see next in its place.
import { signal } from '@preact/signals';
import { openGroup, openId } from './ui.ts';

export const jumpTarget = signal<string | null>(null);

export function jumpTo(group: string, id: string): void {
  if (openId.value !== group) openGroup(group);
  jumpTarget.value = id;
}
