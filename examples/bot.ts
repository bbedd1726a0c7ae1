// A bot by server-sent events: counts the words of each message that begins with "!count". It goes on
// where it stopped, over its own restarts and the node's, and answers nothing twice.
//   npx tsx examples/bot.ts [http://127.0.0.1:8001] [bot.cursor]
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [url = 'http://127.0.0.1:8001', cursorFile = 'bot.cursor'] = process.argv.slice(2);

interface Message {
  readonly id: string;
  readonly text: string;
}

/** The cursor behind the last message that was dealt with; `now` at the very first start. */
function readCursor(): string {
  try {
    return readFileSync(cursorFile, 'utf8').trim();
  } catch {
    return 'now';
  }
}

/** In one step, so that a crash leaves the old cursor or the new one. */
function writeCursor(cursor: string): void {
  writeFileSync(`${cursorFile}.new`, `${cursor}\n`);
  renameSync(`${cursorFile}.new`, cursorFile);
}

/** The blocks of a stream of events (WHATWG HTML, 9.2), as their fields. */
async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<Map<string, string>> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n').map((line) => line.split(/: ?(.*)/s, 2));
      yield new Map(lines.map(([name = '', value = '']) => [name, value]));
    }
  }
}

async function answer({ id, text }: Message): Promise<void> {
  if (!text.startsWith('!count')) return;
  const words = text.split(/\s+/).length - 1;
  const response = await fetch(`${url}/messages`, {
    method: 'POST',
    // Made of the message's id: after a crash the same answer is not posted again.
    headers: { 'content-type': 'application/json', 'idempotency-key': `count-${id}` },
    body: JSON.stringify({ text: `${words} words`, reply_to: id }),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function follow(): Promise<void> {
  const response = await fetch(`${url}/events?after=${readCursor()}`);
  if (!response.ok || response.body === null) throw new Error(await response.text());
  console.log('listening');
  for await (const event of readEvents(response.body)) {
    const data = event.get('data');
    if (data !== undefined && event.get('event') === 'message') {
      await answer(JSON.parse(data) as Message);
    }
    const cursor = event.get('id');
    if (cursor !== undefined) writeCursor(cursor);
  }
}

for (;;) {
  await follow().catch((error: unknown) => {
    console.error(String(error));
  });
  await sleep(1000);
}
