// The names that what is typed behind an `@` can become.
import type { Completion } from '../model/completion.ts';
import { Figure, Visible } from './name.tsx';

export function completionId(at: number): string {
  return `completion-${at}`;
}

interface CompletionListProps {
  readonly choice: Completion;
  readonly onPick: (name: string) => void;
}

export function CompletionList({ choice, onPick }: CompletionListProps) {
  return (
    <div class="completions" id="completions" role="listbox" aria-label="Names">
      {choice.names.map(({ pk, label, insert }, i) => (
        <div
          key={pk}
          id={completionId(i)}
          role="option"
          aria-selected={i === choice.at}
          onMouseDown={(event) => {
            event.preventDefault();
            onPick(insert);
          }}
        >
          <Figure pk={pk} size="small" />
          <bdi>
            <Visible text={label} />
          </bdi>
          <code>{pk.slice(0, 8)}</code>
        </div>
      ))}
    </div>
  );
}
