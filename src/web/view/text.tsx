// The text of a message as it was meant: code, quotations, bold, links and names.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { parseText, type Piece } from '../model/format.ts';
import { Visible } from './name.tsx';

/** A longer text is folded, so that one message does not take the page for itself. */
const foldedChars = 2400;
const foldedLines = 28;

interface TextProps {
  readonly text: string;
  readonly names: readonly string[];
}

export function Text({ text, names }: TextProps) {
  const [isOpen, setOpen] = useState(false);
  const head = fold(text);
  const isFolded = head.length < text.length && !isOpen;
  return (
    <div class="text" dir="auto">
      {draw(parseText(isFolded ? head : text, names))}
      {head.length < text.length && (
        <button
          type="button"
          class="link unfold"
          onClick={() => {
            setOpen(!isOpen);
          }}
        >
          {isOpen ? 'Show less' : `Show all ${text.length.toLocaleString()} characters`}
        </button>
      )}
    </div>
  );
}

function fold(text: string): string {
  let end = -1;
  for (let lines = 0; lines < foldedLines; lines++) {
    const next = text.indexOf('\n', end + 1);
    if (next < 0) {
      end = text.length;
      break;
    }
    end = next;
  }
  const cut = Math.min(end, foldedChars);
  return text.length - cut < 200 ? text : text.slice(0, cut);
}

function draw(pieces: readonly Piece[]): ComponentChildren {
  return pieces.map((piece) => {
    switch (piece.kind) {
      case 'text':
        return <Visible text={piece.text} />;
      case 'code':
        return (
          <code>
            <Visible text={piece.text} />
          </code>
        );
      case 'block':
        return (
          <pre tabIndex={0} aria-label="Code">
            <code>
              <Visible text={piece.text} />
            </code>
          </pre>
        );
      case 'bold':
        return <strong>{draw(piece.pieces)}</strong>;
      case 'quote':
        return <blockquote>{draw(piece.pieces)}</blockquote>;
      case 'mention':
        return (
          <span class="mention">
            <Visible text={piece.text} />
          </span>
        );
      case 'link':
        return (
          <a href={piece.href} title={piece.href} target="_blank" rel="noopener noreferrer">
            <bdi>{piece.source}</bdi>
          </a>
        );
    }
  });
}
