// A program in a real pseudo-terminal, and what its screen shows: as much of a terminal as lines and
// readline need. Knows nothing of what the program is.
import { spawn, type IPty } from '@lydell/node-pty';
import { cellsOf } from '../../src/cli/cells.ts';

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly columns?: number;
  readonly rows?: number;
}

/** Keys as a terminal sends them. */
export const keys = {
  enter: '\r',
  tab: '\t',
  interrupt: '\u0003',
  end: '\u0004',
  left: '\u001b[D',
};

export class Terminal {
  readonly #pty: IPty;
  readonly #screen: Screen;
  readonly #waiting = new Set<() => void>();
  /** Everything that was written, escape sequences and all. */
  raw = '';
  readonly ended: Promise<number>;
  #isOver = false;

  constructor(command: string, words: readonly string[], options: TerminalOptions) {
    const { columns: cols = 80, rows = 24, cwd, env } = options;
    this.#screen = new Screen(cols);
    this.#pty = spawn(command, [...words], { cols, rows, cwd, env, name: 'xterm-256color' });
    this.#pty.onData((text) => {
      this.raw += text;
      this.#screen.write(text);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#isOver = true;
        this.#wake();
        resolve(exitCode);
      });
    });
  }

  /** Rows, those that have scrolled away among them, without the empty ones at the end. */
  get lines(): readonly string[] {
    return this.#screen.lines;
  }

  /** The row that is typed into. */
  get line(): string {
    return this.#screen.lines.at(-1) ?? '';
  }

  /** Keys one by one, as a person presses them. */
  async type(text: string): Promise<void> {
    for (const key of text) {
      this.#pty.write(key);
      // A terminal hands on what comes together as one paste.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  press(key: string): void {
    this.#pty.write(key);
  }

  resize(columns: number, rows: number): void {
    this.#screen.columns = columns;
    this.#pty.resize(columns, rows);
  }

  async until(passes: (terminal: this) => boolean): Promise<void> {
    while (!passes(this)) {
      if (this.#isOver) throw new Error(`the program has ended:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Waits for a row that has the text. */
  shows(text: string): Promise<void> {
    return this.until(({ lines }) => lines.some((line) => line.includes(text)));
  }

  destroy(): void {
    if (!this.#isOver) this.#pty.kill('SIGKILL');
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Rows of cells; a wide character takes one cell and leaves the next one empty. */
class Screen {
  columns: number;
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(columns: number) {
    this.columns = columns;
  }

  get lines(): string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell: string | undefined) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
  }

  write(text: string): void {
    this.#rest += text;
    while (this.#rest !== '') {
      const escape = /^\u001b(?:\[([\d;?]*)([A-Za-z])|\](.*?)\u0007|[=>78])/s.exec(this.#rest);
      if (escape === null && /^\u001b/.test(this.#rest) && this.#rest.length < 16) return;
      if (escape !== null) this.#control(escape[2] ?? '', Number(escape[1] || '0'));
      else if (/^[\r\n\u0007\u0008]/.test(this.#rest)) this.#move(this.#rest.charAt(0));
      const taken =
        escape?.[0] ??
        /^(?:[\r\n\u0007\u0008]|[^\r\n\u0007\u0008\u001b]+|.)/s.exec(this.#rest)?.[0] ??
        '';
      if (escape === null && !/^[\r\n\u0007\u0008]/.test(taken)) this.#put(taken);
      this.#rest = this.#rest.slice(taken.length);
    }
  }

  #move(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#down();
    else if (character === '\u0008') this.#column = Math.max(0, this.#column - 1);
  }

  #control(letter: string, number: number): void {
    const count = Math.max(1, number);
    if (letter === 'A') this.#row = Math.max(0, this.#row - count);
    else if (letter === 'B') for (let i = 0; i < count; i++) this.#down();
    else if (letter === 'C') this.#column += count;
    else if (letter === 'D') this.#column = Math.max(0, this.#column - count);
    else if (letter === 'G') this.#column = count - 1;
    else if (letter === 'K' || letter === 'J') {
      this.#rows[this.#row] = (this.#rows[this.#row] ?? []).slice(0, this.#column);
      if (letter === 'J') this.#rows.length = this.#row + 1;
    }
  }

  #put(text: string): void {
    for (const { segment } of segmenter.segment(text)) {
      const width = cellsOf(segment);
      if (this.#column + width > this.columns) {
        this.#down();
        this.#column = 0;
      }
      const row = this.#rows[this.#row] ?? [];
      this.#rows[this.#row] = row;
      row[this.#column] = segment;
      if (width === 2) row[this.#column + 1] = '';
      this.#column += width;
    }
  }

  #down(): void {
    this.#row++;
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }
}
