// Who is linked with whom in a simulated mesh.
import type { SeededRandom } from './random.ts';

export type Pair = readonly [number, number];

export function line(nodes: number): Pair[] {
  return Array.from({ length: nodes - 1 }, (_, i) => [i, i + 1]);
}

export function complete(nodes: number): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < nodes; i++) for (let j = i + 1; j < nodes; j++) pairs.push([i, j]);
  return pairs;
}

/** Every node with 6 to 8 others, where there are that many: three circles and some links more. */
export function random6To8(nodes: number, random: SeededRandom): Pair[] {
  const linked = Array.from({ length: nodes }, () => new Set<number>());
  const pairs: Pair[] = [];
  const link = (a: number, b: number): void => {
    if (a === b || linked[a]?.has(b) === true) return;
    linked[a]?.add(b);
    linked[b]?.add(a);
    pairs.push([a, b]);
  };
  for (let circle = 0; circle < 3; circle++) {
    const order = shuffled(nodes, random);
    order.forEach((a, i) => {
      link(a, order[(i + 1) % nodes] ?? a);
    });
  }
  const degree = (a: number): number => linked[a]?.size ?? 0;
  for (let attempts = 0; attempts < 4 * nodes; attempts++) {
    const [a, b] = [random.below(nodes), random.below(nodes)];
    // A few up to eight; those whose circles ran over the same links up to six.
    const isShort = degree(a) < 6 || attempts < nodes / 2;
    if (isShort && degree(a) < 8 && degree(b) < 8) link(a, b);
  }
  return pairs;
}

function shuffled(length: number, random: SeededRandom): number[] {
  const items = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j] ?? 0, items[i] ?? 0];
  }
  return items;
}
