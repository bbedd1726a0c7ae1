// A text in which the words that were looked for are marked.
import { Visible } from './name.tsx';

interface MarkedProps {
  readonly text: string;
  readonly words: readonly string[];
}

export function Marked({ text, words }: MarkedProps) {
  const wanted = words
    .filter((word) => word !== '')
    .map((word) => word.replaceAll(/[^\p{L}\p{N}\p{M}]/gu, '\\$&'));
  if (wanted.length === 0) return <Visible text={text} />;
  const parts = text.split(new RegExp(`(${wanted.join('|')})`, 'giu'));
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <mark>
            <Visible text={part} />
          </mark>
        ) : (
          <Visible text={part} />
        ),
      )}
    </>
  );
}
