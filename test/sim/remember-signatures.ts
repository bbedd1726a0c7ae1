// Lets a process that simulates a thousand nodes check each signature once: all of them check the
// same ones. Only the answers of node:crypto are remembered; what is checked when is as ever.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { verify } from 'node:crypto';
import { equal } from '../../src/bytes.ts';

interface Answer {
  readonly message: Uint8Array;
  readonly key: unknown;
  readonly isValid: boolean;
}

/** About 300 bytes each; then all are forgotten, which costs time alone. */
const answersMax = 100_000;

let isRemembering = false;

/** From now on, and for the whole process. */
export function rememberSignatures(): void {
  if (isRemembering) return;
  isRemembering = true;
  const crypto = createRequire(import.meta.url)('node:crypto') as { verify: typeof verify };
  const real = crypto.verify;
  const answers = new Map<string, Answer>();
  const remembering = (
    algorithm: null,
    message: Uint8Array,
    key: Parameters<typeof verify>[2],
    signature: Uint8Array,
  ): boolean => {
    const name = String.fromCharCode(...signature);
    const known = answers.get(name);
    if (known?.key === key && equal(known.message, message)) return known.isValid;
    const isValid = real(algorithm, message, key, signature);
    if (answers.size >= answersMax) answers.clear();
    answers.set(name, { message: message.slice(), key, isValid });
    return isValid;
  };
  crypto.verify = remembering as unknown as typeof verify;
  syncBuiltinESMExports();
}
