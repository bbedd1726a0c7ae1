// Lines at the end of a terminal that are written anew in place, and text that passes above them.
// Pure: makes what is to be written. Keeps the cursor as it is, so that an end at any moment leaves
// nothing to be restored.
import { cellsOf } from './cells.ts';
import type { Size } from './look.ts';

const toLineStart = '\r';
const eraseBelow = '\u001b[J';
const eraseLineEnd = '\u001b[K';

export class LiveRegion {
  #lines: readonly string[] = [];

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Replaces the region; no line may be wider than the size, and those that do not fit are left out. */
  draw(lines: readonly string[], size: Size): string {
    const home = this.#home(size);
    this.#lines = lines.slice(0, Math.max(1, size.rows - 1));
    return home + this.#lines.map((line) => line + eraseLineEnd).join('\n') + eraseBelow;
  }

  /** Whole lines that scroll away above the region. */
  above(text: string, size: Size): string {
    if (this.isEmpty) return text;
    const lines = this.#lines;
    return this.clear(size) + text + this.draw(lines, size);
  }

  /** Takes the region away. */
  clear(size: Size): string {
    if (this.isEmpty) return '';
    const home = this.#home(size);
    this.#lines = [];
    return home + eraseBelow;
  }

  /** Leaves the region where it is, and what is written next goes below it. */
  leave(): string {
    if (this.isEmpty) return '';
    this.#lines = [];
    return '\n';
  }

  /** To the region's first column and row, also where the terminal has become narrower since. */
  #home({ cells }: Size): string {
    let rows = 0;
    for (const line of this.#lines) rows += Math.max(1, Math.ceil(cellsOf(line) / (cells + 1)));
    return rows > 1 ? `${toLineStart}\u001b[${rows - 1}A` : rows === 1 ? toLineStart : '';
  }
}
