// Somebody, or a text, as it is safe to show: what would not be seen is named, and nobody's name
// reaches into the words beside it.
import { figureOf, hueOf, shortKey } from '../model/names.ts';
import { codePointName, partsOf } from '../model/visible.ts';

/** Text with whatever is not seen by itself shown by its number. */
export function Visible({ text }: { readonly text: string }) {
  return (
    <>
      {partsOf(text).map((part) =>
        part.isUnseen ? <code class="unseen">{codePointName(part.text)}</code> : part.text,
      )}
    </>
  );
}

/** A name is what its owner says; without one there are the first digits of the key. */
export function Name({ pk, name }: { readonly pk: string; readonly name: string | null }) {
  return (
    <bdi class={`name hue-${hueOf(pk)}`} title={pk}>
      {name === null ? <code>{shortKey(pk)}</code> : <Visible text={name} />}
    </bdi>
  );
}

/** The figure of a key: nobody else can have it. */
export function Figure({ pk, size }: { readonly pk: string; readonly size?: 'small' | 'large' }) {
  return (
    <svg class={`figure hue-${hueOf(pk)} ${size ?? ''}`} viewBox="-1 -1 7 7" aria-hidden="true">
      <rect class="ground" x="-1" y="-1" width="7" height="7" rx="1.700" />
      {figureOf(pk).map(({ x, y }) => (
        <rect x={x} y={y} width="1.020" height="1.020" />
      ))}
    </svg>
  );
}
