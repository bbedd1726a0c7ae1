// docs/HTTP.md against the program: its transcripts run on a real node.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';
import { Session, stepsOf } from './support/transcript.ts';

const page = readFileSync('docs/HTTP.md', 'utf8');
const curlAbsent = spawnSync('curl', ['--version']).status !== 0;
if (curlAbsent) process.stderr.write('there is no curl: docs/HTTP.md is not run\n');

const slowMs = 60_000;

describe.skipIf(curlAbsent)('the transcripts', () => {
  let folder: string;
  let session: Session;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    session = new Session(folder);
  });

  afterAll(async () => {
    const codes = await session.close();
    await removeDirectory(folder);
    expect(codes).toEqual([0]);
  }, slowMs);

  test.each(stepsOf(page).map((step) => [`$ ${step.command}`, step] as const))(
    '%s',
    async (_, step) => {
      const { printed, pattern } = await session.run(step);
      expect(printed).toMatch(pattern);
      session.learn(printed, pattern);
    },
    slowMs,
  );
});
