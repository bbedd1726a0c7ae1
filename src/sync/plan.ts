// Which parts of a feed are asked of which peers. Pure: what is missing, who has it and what was
// asked already go in, and places to ask for come out; no root is in two of them.
import { syncLimits } from './limits.ts';

/** Roots of a feed, both ends among them. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A peer that has a feed up to `seq`. */
export interface Holder {
  readonly link: number;
  readonly seq: number;
  /** Stretches of all feeds that it is being asked for. */
  readonly load: number;
  /** Of those, parts of this feed. */
  readonly parts: number;
}

export interface Part extends Span {
  readonly link: number;
}

/** The peer that is asked for a feed as a whole: of those that have most to do, none. */
export function chooseHolder(holders: readonly Holder[]): Holder | undefined {
  let best: Holder | undefined;
  for (const holder of holders) {
    if (best === undefined || holder.load < best.load) best = holder;
  }
  return best;
}

/** Whether it pays to ask several peers for parts of one feed. */
export function isWorthParts(tip: number, holders: readonly Holder[]): boolean {
  const far = holders.filter(({ seq }) => seq - tip >= 2 * syncLimits.partRoots);
  return far.length >= 2;
}

/**
 * Parts to ask for, lowest first: what lies between `tip` and `end`, is not `taken`, and is near
 * enough to the tip, since it waits in memory until what is before it has come.
 */
export function planParts(
  tip: number,
  end: number,
  taken: readonly Span[],
  holders: readonly Holder[],
): Part[] {
  const parts: Part[] = [];
  const asked = new Map(holders.map((holder) => [holder.link, holder.parts]));
  const horizon = Math.min(end, tip + syncLimits.partRoots * syncLimits.partsAheadMax);
  for (;;) {
    const hole = findHole(tip, horizon, [...taken, ...parts]);
    if (hole === undefined) return parts;
    const free = holders
      .filter(
        ({ link, seq }) => seq >= hole.from && (asked.get(link) ?? 0) < syncLimits.partsOfLinkMax,
      )
      .map((holder) => ({ ...holder, load: holder.load + (asked.get(holder.link) ?? 0) }));
    const best = chooseHolder(free);
    if (best === undefined) return parts;
    asked.set(best.link, (asked.get(best.link) ?? 0) + 1);
    const to = Math.min(hole.to, best.seq, hole.from + syncLimits.partRoots - 1);
    parts.push({ link: best.link, from: hole.from, to });
  }
}

/** The first stretch above a place that is in no span. */
export function findHole(above: number, end: number, spans: readonly Span[]): Span | undefined {
  let from = above + 1;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    if (span.from > from) break;
    from = Math.max(from, span.to + 1);
  }
  if (from > end) return undefined;
  const next = spans.reduce(
    (low, span) => (span.from > from ? Math.min(low, span.from) : low),
    end + 1,
  );
  return { from, to: Math.min(end, next - 1) };
}
