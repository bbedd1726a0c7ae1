// The terminal of the chat: one line that is being typed, and rows that are printed above it, which it
// outlives. The terminal keeps what has scrolled away. Knows nothing of messages.
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { cellsOf } from '../cells.ts';
import { sizeOf, type TerminalStream } from '../look.ts';
import type { Completion } from './complete.ts';

export interface ScreenPorts {
  readonly stdin: Readable;
  readonly stdout: Writable & TerminalStream;
  complete(line: string): Completion;
  onLine(line: string): void;
  /** Ctrl-C, with nothing typed. */
  onInterrupt(): void;
  /** Ctrl-D, or the terminal has gone. */
  onEnd(): void;
}

const historyMax = 500;

export class Screen {
  readonly #ports: ScreenPorts;
  readonly #readline: Interface;
  #prompt = '';
  #closed = false;

  constructor(ports: ScreenPorts) {
    this.#ports = ports;
    this.#readline = createInterface({
      input: ports.stdin,
      output: ports.stdout,
      terminal: true,
      historySize: historyMax,
      removeHistoryDuplicates: true,
      completer: (line: string) => ports.complete(line),
    });
    this.#readline.on('line', (line) => {
      ports.onLine(line);
      if (!this.#closed) this.#readline.prompt();
    });
    this.#readline.on('SIGINT', () => {
      if (this.#readline.line === '') ports.onInterrupt();
      else this.#clearLine();
    });
    // Ctrl-Z: back in the foreground the line is there again.
    this.#readline.on('SIGCONT', () => {
      this.#readline.prompt(true);
    });
    this.#readline.on('close', () => {
      if (!this.#closed) ports.onEnd();
    });
  }

  /** Cells that a row may take. */
  get cells(): number {
    return sizeOf(this.#ports.stdout).cells;
  }

  /** Changes what stands before the line, which stays as it is. */
  prompt(text: string): void {
    if (text === this.#prompt || this.#closed) return;
    this.#prompt = text;
    this.#readline.setPrompt(text);
    this.#readline.prompt(true);
  }

  /** Rows above the line that is being typed. */
  print(rows: readonly string[]): void {
    if (rows.length === 0) return;
    if (this.#closed) {
      this.#ports.stdout.write(`${rows.join('\r\n')}\r\n`);
      return;
    }
    const { rows: below } = this.#readline.getCursorPos();
    // Readline goes up by as many rows as it has written; they are made again below what is printed.
    this.#ports.stdout.write(`${up(below)}${rows.join('\r\n')}\r\n${'\n'.repeat(below)}`);
    this.#readline.prompt(true);
  }

  /** Takes away the line that was just entered: what it says is printed when it has been sent. */
  takeBack(line: string): void {
    const columns = this.cells + 1;
    const rows = Math.floor((cellsOf(this.#prompt) + cellsOf(line)) / columns);
    this.#ports.stdout.write(up(rows + 1));
  }

  /** Puts a text in the line where nothing is typed, so that it can be sent again. */
  giveBack(text: string): boolean {
    if (this.#closed || this.#readline.line !== '' || /\p{Cc}/u.test(text)) return false;
    this.#readline.write(text);
    return true;
  }

  ring(): void {
    this.#ports.stdout.write('\u0007');
  }

  /** Leaves the terminal as it was, below the last row. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { rows } = this.#readline.getCursorPos();
    this.#ports.stdout.write(up(rows));
    this.#readline.close();
  }

  #clearLine(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
  }
}

/** To the beginning of a row so far up, and nothing from there on. */
function up(rows: number): string {
  return `\r${rows > 0 ? `\u001b[${rows}A` : ''}\u001b[J`;
}
