// docs/TERMINAL.md against the program: its transcripts run on real nodes, and its tables of the chat.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandShapes } from '../src/cli/chat/commands.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';
import { Session, stepsOf } from './support/transcript.ts';

const page = readFileSync('docs/TERMINAL.md', 'utf8');
const slowMs = 60_000;

test('the page names every command of the chat, in the words of its help', () => {
  for (const { usage } of Object.values(commandShapes)) expect(page).toContain(`\`${usage}`);
});

describe('the transcripts', () => {
  let folder: string;
  let session: Session;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    session = new Session(folder);
  });

  afterAll(async () => {
    const codes = await session.close();
    await removeDirectory(folder);
    expect(codes).toEqual([0, 0]);
  }, slowMs);

  test.each(stepsOf(page).map((step) => [`${step.machine}$ ${step.command}`, step] as const))(
    '%s',
    async (_, step) => {
      const { printed, pattern } = await session.run(step);
      expect(printed).toMatch(pattern);
      session.learn(printed, pattern);
    },
    slowMs,
  );
});
