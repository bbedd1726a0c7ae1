// What a message being written answers or replaces.
import { oneLine } from '../model/visible.ts';
import type { Mode } from './composer.tsx';
import { Icon, IconButton } from './icon.tsx';
import { Name } from './name.tsx';

interface ComposerModeProps {
  readonly mode: Mode;
  readonly onEnd: () => void;
}

export function ComposerMode({ mode: { kind, message }, onEnd }: ComposerModeProps) {
  return (
    <div class="mode">
      <Icon name={kind} />
      {kind === 'edit' ? <b>Editing</b> : <Name pk={message.author} name={message.name} />}
      <span class="snippet" dir="auto">
        {oneLine(message.text, 120)}
      </span>
      <IconButton icon="close" label="Cancel (Esc)" onClick={onEnd} />
    </div>
  );
}
