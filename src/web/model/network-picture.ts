// Where everybody stands in the picture of the network, and the lines between them: links of this
// node, and by whom the words of those without one come here. Knows nothing of how it is drawn.
import type { FeedView, PeerView } from '../../chat/view.ts';

export interface Spot {
  readonly pk: string;
  readonly x: number;
  readonly y: number;
  readonly kind: 'self' | PeerView['state'] | 'far';
}

export interface Line {
  readonly from: Spot;
  readonly to: Spot;
  readonly kind: PeerView['state'] | 'by-way-of';
  readonly peer: PeerView | undefined;
}

export interface Picture {
  readonly spots: readonly Spot[];
  readonly lines: readonly Line[];
  /** Half the side of the square that all of it fits in. */
  readonly extent: number;
  /** Members and peers that found no place. */
  readonly omitted: number;
}

/** More of them could not be told apart. */
const spotsMax = 24;
const innerRadius = 62;
const outerRadius = 104;

/** @param feeds those that are here, of whomever */
export function pictureOf(
  self: string,
  peers: readonly PeerView[],
  feeds: readonly Pick<FeedView, 'author' | 'sources'>[],
): Picture {
  const sorted = [...peers].sort((a, b) => (a.pk < b.pk ? -1 : 1));
  const shown = [...sorted.filter(isLinked), ...sorted.filter((peer) => !isLinked(peer))];
  const near = shown.slice(0, spotsMax);
  const known = new Set([self, ...near.map(({ pk }) => pk)]);
  const all = [...new Set(feeds.map(({ author }) => author))].filter((pk) => !known.has(pk)).sort();
  const far = all.slice(0, spotsMax);
  const centre: Spot = { pk: self, x: 0, y: 0, kind: 'self' };
  const linked = near.filter(isLinked);
  const spots = new Map<string, Spot>([[self, centre]]);
  place(
    spots,
    linked.map(({ pk, state }) => ({ pk, kind: state })),
    innerRadius,
    0,
  );
  const apart = [
    ...near.filter((peer) => !isLinked(peer)).map(({ pk, state }) => ({ pk, kind: state })),
    ...far.map((pk) => ({ pk, kind: 'far' as const })),
  ];
  place(spots, apart, outerRadius, Math.PI / Math.max(1, apart.length));
  const lines = near.flatMap((peer): Line[] => {
    const to = spots.get(peer.pk);
    return to === undefined ? [] : [{ from: centre, to, kind: peer.state, peer }];
  });
  return {
    spots: [...spots.values()],
    extent: (apart.length > 0 ? outerRadius : innerRadius) + 34,
    lines: [...lines, ...waysOf(spots, feeds)],
    omitted: shown.length - near.length + all.length - far.length,
  };
}

function isLinked({ state }: PeerView): boolean {
  return state === 'connected';
}

function place(
  spots: Map<string, Spot>,
  list: readonly { readonly pk: string; readonly kind: Spot['kind'] }[],
  radius: number,
  turn: number,
): void {
  for (const [i, { pk, kind }] of list.entries()) {
    const angle = (2 * Math.PI * i) / list.length - Math.PI / 2 + turn;
    spots.set(pk, { pk, kind, x: radius * Math.cos(angle), y: radius * Math.sin(angle) });
  }
}

/** Whoever has no link to this node, and those who bring what it says. */
function waysOf(
  spots: ReadonlyMap<string, Spot>,
  feeds: readonly Pick<FeedView, 'author' | 'sources'>[],
): Line[] {
  const lines = new Map<string, Line>();
  for (const { author, sources } of feeds) {
    const from = spots.get(author);
    if (from === undefined || from.kind === 'self' || from.kind === 'connected') continue;
    for (const source of sources) {
      const to = spots.get(source);
      if (to?.kind !== 'connected') continue;
      lines.set(`${author} ${source}`, { from, to, kind: 'by-way-of', peer: undefined });
    }
  }
  return [...lines.values()];
}
