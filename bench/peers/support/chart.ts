// The results as an SVG for the README: a small panel of bars for each figure that is drawn. Colours
// follow the reader's light or dark scheme; fonts are the reader's own.
import { formatNumber } from './numbers.ts';
import { middle, ratioOf, type FigureResult, type Results, type RowResult } from './results.ts';
import { labels, peers, type SystemName } from './systems.ts';

const columns = 3;
const panel = { width: 312, height: 118, gap: 20 };
const margin = 20;
const headHeight = 58;
const footHeight = 58;
/** Within a panel: where the bars begin, how long the longest is, and their pitch. */
const bar = { x: 104, width: 92, height: 15, pitch: 22, top: 48 };

const style = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-size: 18px; font-weight: 600; }
  .panel { font-size: 13px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 11px; }
  .label { text-anchor: end; }
  .ours { font-weight: 600; }
  .sheet { fill: #ffffff; }
  .axis { stroke: #d1d9e0; }
  rect.skychat { fill: #0969da; }
  rect.hypercore { fill: #9aa4ae; }
  rect.ssb { fill: #c5ccd3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .sheet { fill: #0d1117; }
    .axis { stroke: #3d444d; }
    rect.skychat { fill: #4493f8; }
    rect.hypercore { fill: #6e7781; }
    rect.ssb { fill: #4a525b; }
  }`;

export function drawChart(results: Results): string {
  const drawn = results.figures.flatMap((figure) =>
    figure.rows.filter(({ chart }) => chart !== undefined).map((row) => ({ figure, row })),
  );
  const lines = Math.ceil(drawn.length / columns);
  const width = 2 * margin + columns * panel.width + (columns - 1) * panel.gap;
  const height = headHeight + lines * (panel.height + panel.gap) + footHeight;
  const panels = drawn.map(({ figure, row }, i) => {
    const x = margin + (i % columns) * (panel.width + panel.gap);
    const y = headHeight + Math.floor(i / columns) * (panel.height + panel.gap);
    return `<g transform="translate(${x} ${y})">${drawPanel(figure, row)}</g>`;
  });
  const title = 'skychat-node and what one would pick instead';
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${title}">`,
    `<style>${style}\n</style>`,
    `<rect class="sheet" width="${width}" height="${height}" rx="6"/>`,
    text(margin, 34, 'title', title),
    ...panels,
    ...footOf(results).map((line, i) =>
      text(margin, height - footHeight + 14 + i * 16, 'quiet', line),
    ),
    '</svg>',
  ].join('\n')}\n`;
}

function drawPanel(figure: FigureResult, row: RowResult): string {
  const values = peers.map((system) => middle(row, system) ?? 0);
  const longest = Math.max(...values, Number.MIN_VALUE);
  const axisEnd = bar.top + peers.length * bar.pitch - 4;
  return [
    text(0, 14, 'panel', row.chart ?? ''),
    text(0, 31, 'quiet', `${row.better} is better`),
    ...peers.map((system, i) =>
      drawBar(figure, row, system, bar.top + i * bar.pitch, (values[i] ?? 0) / longest),
    ),
    `<path class="axis" d="M${bar.x} ${bar.top - 4}V${axisEnd}"/>`,
  ].join('');
}

/** @param part of the longest bar */
function drawBar(
  figure: FigureResult,
  row: RowResult,
  system: SystemName,
  y: number,
  part: number,
): string {
  const value = middle(row, system);
  const length = Math.round(part * bar.width * 10) / 10;
  const ratio = system === 'skychat' ? ratioOf(figure, row, system) : undefined;
  const times = ratio === undefined ? '' : ` (${formatNumber(ratio)} ×)`;
  const words = typeof value === 'number' ? `${formatNumber(value)}${times}` : 'timed out';
  const emphasis = system === 'skychat' ? ' ours' : '';
  const base = y + bar.height - 3.5;
  return [
    text(bar.x - 8, base, `label${emphasis}`, shortLabels[system]),
    `<rect class="${system}" x="${bar.x}" y="${y}" width="${length}" height="${bar.height}"/>`,
    text(bar.x + length + 6, base, emphasis.trim(), words),
  ].join('');
}

const shortLabels: Readonly<Record<SystemName, string>> = { ...labels, ssb: 'ssb-db2, ebt' };

function footOf({ machine, at, rounds, versions }: Results): string[] {
  const named = ['skychat-node', 'hypercore', '@hyperswarm/secret-stream', 'ssb-db2', 'ssb-ebt'];
  const what = named.map((name) => `${name} ${versions[name] ?? '?'}`).join(', ');
  return [
    `In brackets: ours to the better of the two. Medians of ${rounds} interleaved rounds, processes over encrypted loopback links, messages of 200 random bytes.`,
    `${what}.`,
    `${machine}; ${at.slice(0, 10)}.`,
  ];
}

function text(x: number, y: number, name: string, words: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const attribute = name === '' ? '' : ` class="${name}"`;
  return `<text x="${x}" y="${y}"${attribute}>${escaped}</text>`;
}
