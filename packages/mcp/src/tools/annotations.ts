// What clients are told of a tool beside its words, so that they know what to ask a person about.
import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';

/** Changes nothing; what it gives comes from other people. */
export const readOnly: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

/** Others see it. Nothing that was there is lost, and the same call again changes nothing. */
export const writing: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

/** Only the people of this node see it. */
export const marking: ToolAnnotations = { ...writing, openWorldHint: false };
