// Where the time of profiled processes went: by function, with and without what each one called.
// Reads V8's .cpuprofile files, and the source maps of what was bundled.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from './workspace.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const functionsShown = 25;

export function formatProfiles(directory: string): string {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.cpuprofile'))
    .map((file) => formatProfile(join(directory, file)))
    .join('\n\n');
}

function formatProfile(path: string): string {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile;
  const selfTimes = new Map<number, number>();
  samples.forEach((id, i) => {
    selfTimes.set(id, (selfTimes.get(id) ?? 0) + (timeDeltas[i] ?? 0));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const self = new Map<string, number>();
  const whole = new Map<string, number>();
  const add = (times: Map<string, number>, place: string, time: number): void => {
    times.set(place, (times.get(place) ?? 0) + time);
  };
  let busy = 0;
  /** Time of the node and all below it; of a recursion only the outermost call counts. */
  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const place = placeOf(node);
    const own = place === '(idle)' ? 0 : (selfTimes.get(node.id) ?? 0);
    busy += own;
    add(self, place, own);
    const within = new Set(above).add(place);
    let time = own;
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) time += visit(child, within);
    }
    if (!above.has(place)) add(whole, place, time);
    return time;
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, new Set());
  const ours = [...whole].filter(([place]) => / {2}(dist|src)\//.test(place));
  return [
    `${path}: ${(busy / 1000).toFixed(0)} ms busy`,
    'in each part of the program itself:',
    ...linesOf([...parts(self)], busy),
    'in the function itself:',
    ...linesOf([...self], busy),
    'with what it called:',
    ...linesOf(ours, busy),
  ].join('\n');
}

/** Sums by folder of src/ or dist/, package, module of node, or what V8 does itself. */
function parts(self: ReadonlyMap<string, number>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [place, time] of self) {
    const [name = '', file] = place.split('  ');
    const found = /^((?:dist|src)\/[^/:]+|node_modules\/(?:@[^/]+\/)?[^/]+|node:[^:]+)/.exec(
      file ?? '',
    );
    const part = found?.[1] ?? name;
    sums.set(part, (sums.get(part) ?? 0) + time);
  }
  return sums;
}

function linesOf(times: readonly (readonly [string, number])[], busy: number): string[] {
  const top = [...times].sort((a, b) => b[1] - a[1]).slice(0, functionsShown);
  return top.map(([place, time]) => `${((time / busy) * 100).toFixed(1).padStart(6)} %  ${place}`);
}

function placeOf({ callFrame }: ProfileNode): string {
  const { functionName, url } = callFrame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (!url.startsWith('file:')) return url === '' ? name : `${name}  ${url}`;
  const path = fileURLToPath(url);
  const { file, line } = sourceOf(path, callFrame.lineNumber, callFrame.columnNumber);
  return `${name}  ${file.replace(projectRoot, '')}:${line + 1}`;
}

const sourceMaps = new Map<string, SourceMap | undefined>();

/** Where it was written, if that is known. Lines and columns from 0. */
function sourceOf(path: string, line: number, column: number): { file: string; line: number } {
  if (!sourceMaps.has(path)) {
    const map = existsSync(`${path}.map`) ? readFileSync(`${path}.map`, 'utf8') : undefined;
    sourceMaps.set(
      path,
      map === undefined ? undefined : new SourceMap(JSON.parse(map) as SourceMapPayload),
    );
  }
  const entry = sourceMaps.get(path)?.findEntry(line, column);
  if (entry === undefined || !('originalSource' in entry)) return { file: path, line };
  const file = resolve(dirname(path), entry.originalSource);
  return { file, line: entry.originalLine };
}
