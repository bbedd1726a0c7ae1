// A dialog above the page: the browser's own, which keeps the focus inside and closes on Escape.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { dialog, type Dialog } from '../state/ui.ts';
import { IconButton } from './icon.tsx';

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

export function closeDialog(): void {
  dialog.value = null;
}

export function DialogFrame({ title, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = element.current;
    const before = document.activeElement as HTMLElement | null;
    if (shown?.open === false) shown.showModal();
    return () => {
      before?.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onClose={closeDialog}>
      <header>
        <h2 id="dialog-title">{title}</h2>
        <IconButton icon="close" label="Close (Esc)" onClick={closeDialog} />
      </header>
      {children}
    </dialog>
  );
}

interface DialogButtonProps {
  readonly opens: Dialog;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function DialogButton({ opens, children, ...rest }: DialogButtonProps) {
  return (
    <button
      type="button"
      onClick={() => {
        dialog.value = opens;
      }}
      {...rest}
    >
      {children}
    </button>
  );
}
