// What a tool answers with: structured content and the same as text, or a failure in words that say
// what to do. Knows nothing of the tools.
import { randomBytes } from 'node:crypto';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { frameMessages } from './frame.ts';
import { problemCharsMax } from './limits.ts';
import type { Message } from './message.ts';
import { NodeFailure } from './node-failure.ts';
import { cut, makeVisible } from './visible.ts';

/** Lines of this server's own, outside of what others wrote. */
export type Lines = readonly (string | false)[];

export function answer(structured: Record<string, unknown>, ...lines: Lines): CallToolResult {
  const text = lines.filter((line) => line !== false).join('\n');
  return { structuredContent: structured, content: [{ type: 'text', text }] };
}

export function answerMessages(
  structured: Record<string, unknown>,
  messages: readonly Message[],
  ...lines: Lines
): CallToolResult {
  return answer(structured, frame(messages), ...lines);
}

export function frame(messages: readonly Message[]): string {
  return frameMessages(messages, randomBytes(6).toString('hex'));
}

/** A failure is an answer, so that the model reads it; what is a bug or a cancellation is thrown. */
export async function failing(work: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NodeFailure)) throw error;
    const hint = error.hint === undefined ? '' : ` ${error.hint}`;
    const text = cut(makeVisible(`${error.code}: ${error.message}.${hint}`), problemCharsMax).part;
    return { isError: true, content: [{ type: 'text', text }] };
  }
}
