// Lines of JSON between a process and its children. Knows nothing of what they say.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const patienceMs = 120_000;

/** Reads what a child prints, one JSON value a line. */
export class JsonLines {
  readonly #lines: AsyncIterator<string>;
  readonly #what: string;

  constructor(child: ChildProcess, what: string) {
    if (child.stdout === null) throw new Error('the child has no stdout');
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#what = what;
  }

  /** The next value; the caller says what it is. */
  async read(): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`${this.#what} says nothing`));
      }, patienceMs);
    });
    try {
      const line = await Promise.race([this.#lines.next(), late]);
      if (line.done === true) throw new Error(`${this.#what} has ended`);
      return JSON.parse(line.value);
    } finally {
      clearTimeout(timer);
    }
  }
}
