// The tests of a page's transcripts: each step on real nodes, which all end well.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeDirectory, temporaryDirectory } from './temporary.ts';
import { Session, stepsOf } from './transcript.ts';

const slowMs = 60_000;

/** @param nodes how many of them the page starts */
export function testTranscripts(path: string, page: string, nodes: number): void {
  const curlAbsent = spawnSync('curl', ['--version']).status !== 0;
  if (curlAbsent) process.stderr.write(`there is no curl: ${path} is not run\n`);

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
      expect(codes).toEqual(Array.from({ length: nodes }, () => 0));
    }, slowMs);

    testSteps(page, () => session);
  });
}

/** One test for each command, in their order. */
export function testSteps(page: string, session: () => Session): void {
  test.each(stepsOf(page).map((step) => [`${step.machine}$ ${step.command}`, step] as const))(
    '%s',
    async (_, step) => {
      const { printed, pattern } = await session().run(step);
      expect(printed).toMatch(pattern);
      session().learn(printed, pattern);
    },
    slowMs,
  );
}
