// A refusal (RFC 9457), as a JSON Schema.
import { problemKinds, type Problem } from '../problems.ts';
import { shape, text, whole } from '../schema.ts';

export const problemSchema = {
  title: 'Problem',
  ...shape({
    type: text,
    title: text,
    status: whole,
    detail: { ...text, description: 'What was wrong this time.' },
    code: { ...text, enum: Object.keys(problemKinds), description: 'Stable.' },
    hint: { ...text, description: 'What to do next.' },
  } satisfies Record<keyof Problem, object>),
};
