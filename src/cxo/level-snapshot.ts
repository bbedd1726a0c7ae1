// Reads all rows of a LevelDB database as of one moment: an iterator sees nothing of what is written
// after it was made.
import type { Level } from 'level';
import { storeErrorOf } from './level-errors.ts';
import type { Row } from './level-rows.ts';

/** Read ahead and given out at a time: bounds what a slow reader keeps in memory. */
const chunk = { rows: 1000, bytes: 1024 * 1024 };

export async function* readSnapshot(handle: Level<Uint8Array, Uint8Array>): AsyncGenerator<Row> {
  const iterator = handle.iterator({ highWaterMarkBytes: chunk.bytes });
  try {
    for (;;) {
      const found = await iterator.nextv(chunk.rows);
      if (found.length === 0) return;
      for (const [key, value] of found) yield { key: viewOf(key), value: viewOf(value) };
    }
  } catch (error) {
    throw storeErrorOf(error);
  } finally {
    await iterator.close();
  }
}

/** LevelDB gives a Buffer, whose methods differ from those of a Uint8Array. */
export function viewOf(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
