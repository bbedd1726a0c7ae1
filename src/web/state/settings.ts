// What the reader has chosen, kept by the browser: the theme, the notifications, and what was typed
// and not sent.
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
export type Notify = 'never' | 'mentions' | 'all';

function read<Value extends string>(name: string, values: readonly Value[], usual: Value): Value {
  const kept = localStorage.getItem(`skychat/${name}`);
  return values.find((value) => value === kept) ?? usual;
}

export const theme = signal(read<Theme>('theme', ['system', 'light', 'dark'], 'system'));
export const notify = signal(read<Notify>('notify', ['never', 'mentions', 'all'], 'never'));

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

export function openSettings(): void {
  const paint = (): void => {
    const isDark = theme.value === 'dark' || (theme.value === 'system' && prefersDark.matches);
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  };
  prefersDark.addEventListener('change', paint);
  effect(() => {
    localStorage.setItem('skychat/theme', theme.value);
    paint();
  });
  effect(() => {
    localStorage.setItem('skychat/notify', notify.value);
  });
}

/** A draft belongs to a group, or to a thread in it. */
export function readDraft(place: string): string {
  return localStorage.getItem(`skychat/draft/${place}`) ?? '';
}

export function keepDraft(place: string, text: string): void {
  const name = `skychat/draft/${place}`;
  try {
    if (text === '') localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // No room: the text is still in its field.
  }
}
