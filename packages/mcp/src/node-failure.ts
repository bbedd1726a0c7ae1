// Why the node did not do what was asked: the code and the hint of its own refusal, or that it does not
// answer. Knows nothing of how it is told.

export interface FailureOptions {
  readonly hint?: string | undefined;
  /** Whether the same request may succeed a moment later. */
  readonly passes?: boolean;
  readonly cause?: unknown;
}

export class NodeFailure extends Error {
  override readonly name = 'NodeFailure';
  /** A problem code of the node, or one of this server: stable. */
  readonly code: string;
  /** What to do next. */
  readonly hint: string | undefined;
  readonly passes: boolean;

  constructor(code: string, message: string, { hint, passes = false, cause }: FailureOptions = {}) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
    this.passes = passes;
  }
}
