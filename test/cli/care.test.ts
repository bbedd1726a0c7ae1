// `verify` and `repair` on the store of a real node.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openNode } from '../../src/node.ts';
import { parseConfig } from '../../src/config.ts';
import { makeFolder, start } from './harness.ts';

async function postInto(data: string, texts: readonly string[]): Promise<void> {
  const flags = { data, listen: '127.0.0.1:0', http: '127.0.0.1:0' };
  const inputs = { flags, env: {}, file: undefined, home: data, cwd: data, terminal: false };
  const node = await openNode(parseConfig(inputs).config);
  for (const text of texts) {
    const answer = await fetch(`${node.http}/messages`, { method: 'POST', body: text });
    expect(answer.status).toBe(201);
  }
  await node.close();
}

test('a sound store has no problem, and all of its messages are counted', async () => {
  const data = makeFolder();
  await postInto(data, ['one', 'two', 'three']);
  const { stdout, code } = start(['verify', '--data', data, '--json'], {});
  expect(await code).toBe(0);
  expect(JSON.parse(stdout.text)).toMatchObject({ messages: 3, problem_count: 0, problems: [] });
});

test('F26 a store that has lost its end is told of, and repair keeps all that is left', async () => {
  const data = makeFolder();
  await postInto(
    data,
    Array.from({ length: 50 }, (_, i) => `message ${i}`),
  );
  const log = readdirSync(join(data, 'store')).find((name) => name.endsWith('.log')) ?? '';
  const file = join(data, 'store', log);
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
  writeFileSync(file, bytes);

  const verify = start(['verify', '--data', data], {});
  expect(await verify.code).toBe(1);
  expect(verify.stdout.text).toContain('acknowledged and are not in the store');
  const repair = start(['repair', '--data', data, '--json'], {});
  expect(await repair.code).toBe(0);
  const report = JSON.parse(repair.stdout.text) as { kept: string; messages: number };
  expect(existsSync(report.kept)).toBe(true);
  expect(report.messages).toBeGreaterThan(10);
  await postInto(data, ['after the repair']);
});

test('a directory that is not there is a usage error, and is not made', async () => {
  const data = join(makeFolder(), 'none');
  expect(await start(['verify', '--data', data], {}).code).toBe(2);
  expect(existsSync(data)).toBe(false);
});
