// Writes to stdout and stderr and waits for them, so that a slow reader slows the writer down, and a
// reader that went away (`| head`) is told apart from a disk that is full.
import type { Writable } from 'node:stream';
import { escapeLine } from '../chat/text-line.ts';

/** Nobody reads any more: the end of the program, not a failure. */
export class OutputClosed extends Error {}

export class Output {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    // Each failure reaches the writer by its callback; without a listener it would end the process.
    stream.on('error', () => undefined);
  }

  /** Resolves when the text was handed on. Rejects with OutputClosed where nobody reads. */
  text(text: string): Promise<void> {
    return this.#write(text);
  }

  bytes(bytes: Uint8Array): Promise<void> {
    return this.#write(bytes);
  }

  #write(chunk: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (error) => {
        if (!error) resolve();
        else reject(isClosed(error) ? new OutputClosed() : error);
      });
    });
  }

  line(text: string): Promise<void> {
    return this.text(`${text}\n`);
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value));
  }
}

function isClosed(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'ECONNRESET';
}

/** Cannot break the line or the terminal, whoever wrote it. */
export function oneLine(text: string): string {
  return escapeLine(text.replaceAll(/\s*\n\s*/g, ' ').trim());
}
