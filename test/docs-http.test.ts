// docs/HTTP.md against the program: its transcripts run on a real node.
import { readFileSync } from 'node:fs';
import { testTranscripts } from './support/transcript-tests.ts';

testTranscripts('docs/HTTP.md', readFileSync('docs/HTTP.md', 'utf8'), 1);
