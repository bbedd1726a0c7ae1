// Reads that many ask for at once: whoever asks for the same while it is being read waits for the next
// reading, and shares it with all who came meanwhile. So each is told of everything that was there when
// it asked, and a crowd costs two readings. Knows nothing of what is read.

interface Reading<Value> {
  readonly running: Promise<Value>;
  next: Promise<Value> | undefined;
}

export class SharedReads<Value> {
  readonly #readings = new Map<string, Reading<Value>>();

  /** Keys that are being read; bounded by the requests that wait for them. */
  get size(): number {
    return this.#readings.size;
  }

  read(key: string, start: () => Promise<Value>): Promise<Value> {
    const reading = this.#readings.get(key);
    if (reading === undefined) return this.#start(key, start);
    const again = (): Promise<Value> => this.#start(key, start);
    return (reading.next ??= reading.running.then(again, again));
  }

  #start(key: string, start: () => Promise<Value>): Promise<Value> {
    const running = start();
    const reading: Reading<Value> = { running, next: undefined };
    this.#readings.set(key, reading);
    const done = (): void => {
      if (reading.next === undefined) this.#readings.delete(key);
    };
    running.then(done, done);
    return running;
  }
}
