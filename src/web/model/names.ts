// How a key is shown to people: by the first digits of it, a colour, and a small figure that is drawn
// from it. A name is what its owner likes to be called; these belong to the key alone.

/** As the other clients show a key that has no name. */
export function shortKey(key: string): string {
  return key.slice(0, 8);
}

/** Hues that the style sheet has. */
const hues = 12;

export function hueOf(key: string): number {
  return Number.parseInt(key.slice(8, 12), 16) % hues;
}

export interface Cell {
  readonly x: number;
  readonly y: number;
}

/** Of a square of 5 × 5 that is the same from left and right, half of the cells on average. */
export function figureOf(key: string): Cell[] {
  const cells: Cell[] = [];
  for (let i = 0; i < 15; i++) {
    const digit = Number.parseInt(key.charAt(16 + i), 16);
    if (digit % 2 === 0) continue;
    const [x, y] = [Math.floor(i / 5), i % 5];
    cells.push({ x, y });
    if (x < 2) cells.push({ x: 4 - x, y });
  }
  return cells;
}
