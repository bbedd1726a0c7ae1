// docs/TERMINAL.md against the program: its transcripts run on real nodes, and its tables of the chat.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandShapes } from '../src/cli/chat/commands.ts';
import { testTranscripts } from './support/transcript-tests.ts';

const page = readFileSync('docs/TERMINAL.md', 'utf8');

test('the page names every command of the chat, in the words of its help', () => {
  for (const { usage } of Object.values(commandShapes)) expect(page).toContain(`\`${usage}`);
});

testTranscripts('docs/TERMINAL.md', page, 2);
