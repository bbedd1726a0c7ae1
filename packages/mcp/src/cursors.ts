// How far an agent has been given what arrived, kept in a file so that it goes on there after a
// restart. A cursor belongs to one node: each node has a file of its own. Knows nothing of messages.
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from './folder.ts';
import { cursorsMax, stateFileBytesMax } from './limits.ts';

/** Of everything, where no group was named. */
export const everything = '*';

export interface CursorsOptions {
  /** Folder of the files. */
  readonly state: string;
  /** Name of the agent: those that run at the same time need different ones. */
  readonly agent: string;
  readonly warn: (message: string) => void;
}

export class Cursors {
  readonly #options: CursorsOptions;
  readonly #byNode = new Map<string, Map<string, string>>();

  constructor(options: CursorsOptions) {
    this.#options = options;
  }

  /** @param view id of a group, or `everything` */
  find(node: string, view: string): string | undefined {
    return this.#of(node).get(view);
  }

  /** On the disk when it returns, or a warning was given. */
  set(node: string, view: string, cursor: string): void {
    const cursors = this.#of(node);
    // Behind the others: the first is the one that was used least recently.
    cursors.delete(view);
    cursors.set(view, cursor);
    for (const oldest of cursors.keys()) {
      if (cursors.size <= cursorsMax) break;
      if (oldest !== everything) cursors.delete(oldest);
    }
    this.#save(node, cursors);
  }

  /** As it was before; undefined: as if nobody had ever waited there. */
  restore(node: string, view: string, cursor: string | undefined): void {
    if (cursor !== undefined) {
      this.set(node, view, cursor);
      return;
    }
    const cursors = this.#of(node);
    if (cursors.delete(view)) this.#save(node, cursors);
  }

  pathOf(node: string): string {
    return join(this.#options.state, `${this.#options.agent}-${node.slice(0, 16)}.json`);
  }

  #of(node: string): Map<string, string> {
    const known = this.#byNode.get(node);
    if (known !== undefined) return known;
    const cursors = readCursors(this.pathOf(node), node);
    // One node at a time is asked; another one comes only where it was replaced.
    this.#byNode.clear();
    this.#byNode.set(node, cursors);
    return cursors;
  }

  #save(node: string, cursors: ReadonlyMap<string, string>): void {
    const path = this.pathOf(node);
    const draft = `${path}.${process.pid}.tmp`;
    const content = { node, cursors: Object.fromEntries(cursors) };
    try {
      makeFolder(dirname(path));
      writeFileSync(draft, `${JSON.stringify(content, null, 1)}\n`, { mode: 0o600 });
      renameSync(draft, path);
    } catch (error) {
      this.#options.warn(`the cursor is not kept over a restart: ${String(error)}`);
    }
  }
}

/** Empty where there is no file, or none that makes sense: the agent begins anew. */
function readCursors(path: string, node: string): Map<string, string> {
  const cursors = new Map<string, string>();
  try {
    if (statSync(path).size > stateFileBytesMax) return cursors;
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Record<string, unknown>>;
    if (value['node'] !== node || typeof value['cursors'] !== 'object') return cursors;
    for (const [view, cursor] of Object.entries(value['cursors'] ?? {})) {
      if (typeof cursor === 'string') cursors.set(view, cursor);
    }
  } catch {
    // There is none yet.
  }
  return cursors;
}
