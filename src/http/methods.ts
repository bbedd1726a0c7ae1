// Which methods each path is served with, for whoever asks by OPTIONS or tries another one. Looked at
// only where no route was found, so that it costs no request that is served. Knows nothing of routes.

/** The path of a request's target. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '';
}

export class Methods {
  readonly #byUrl = new Map<string, Set<string>>();
  #patterns: { readonly pattern: RegExp; readonly methods: ReadonlySet<string> }[] | undefined;

  /** @param url as fastify writes it: `/groups/:id` */
  add(url: string, method: string): void {
    const methods = this.#byUrl.get(url) ?? new Set();
    this.#byUrl.set(url, methods.add(method));
    this.#patterns = undefined;
  }

  /** In alphabetical order; empty where nothing is served there. `*` is the whole surface. */
  find(path: string): readonly string[] {
    this.#patterns ??= [...this.#byUrl].map(([url, methods]) => ({
      ...{ pattern: patternOf(url), methods },
    }));
    const served = this.#patterns.filter(({ pattern }) => path === '*' || pattern.test(path));
    const found = new Set(served.flatMap(({ methods }) => [...methods]));
    return found.size === 0 ? [] : [...found.add('OPTIONS')].sort();
  }
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : escaped(part)));
  return new RegExp(`^${parts.join('/')}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
