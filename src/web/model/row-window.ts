// Which rows of a long list are drawn: those in view and some around them, never more than a bound.
// Knows nothing of the document.
import type { Heights } from './heights.ts';

/** Drawn beyond each end of the view, so that scrolling shows no empty space; pixels. */
const marginPx = 600;

/** Of the lowest rows this many fill the tallest screen with its margins. */
export const rowsDrawnMax = 160;

export interface RowWindow {
  readonly start: number;
  /** Behind the last row drawn. */
  readonly end: number;
  /** Heights of what is not drawn before and behind it. */
  readonly above: number;
  readonly below: number;
}

export function windowOf(heights: Heights, top: number, viewHeight: number): RowWindow {
  if (heights.length === 0) return { start: 0, end: 0, above: 0, below: 0 };
  const start = heights.find(Math.max(0, top - marginPx));
  const wanted = heights.find(top + viewHeight + marginPx) + 1;
  const end = Math.min(wanted, start + rowsDrawnMax);
  const above = heights.sum(start);
  return { start, end, above, below: Math.max(0, heights.total - heights.sum(end)) };
}
