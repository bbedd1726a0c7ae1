// The frame that all panels beside the conversation have.
import type { ComponentChildren } from 'preact';
import { panel } from '../state/ui.ts';
import { IconButton } from './icon.tsx';

interface PanelProps {
  readonly title: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function PanelFrame({ title, children, ...rest }: PanelProps) {
  return (
    <aside
      class={`panel ${rest.class ?? ''}`}
      aria-label={title}
      onKeyDown={({ key }) => {
        if (key === 'Escape') panel.value = null;
      }}
    >
      <header>
        <h2>{title}</h2>
        <IconButton
          icon="close"
          label="Close (Esc)"
          onClick={() => {
            panel.value = null;
          }}
        />
      </header>
      {children}
    </aside>
  );
}
