// Test vectors that others published, read where they lie; never copied into the project.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['SKYCHAT_VECTORS'] ?? '../shared/vectors';

/** For `describe.skipIf`: says so once in each file that would have used them. */
export const vectorsAbsent = !existsSync(folder);
if (vectorsAbsent) process.stderr.write(`no test vectors at ${folder}: their tests are skipped\n`);

export function readVectors(path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
}

/** Every file below the folder whose name ends so. */
export function readVectorFiles(
  path: string,
  ending: string,
): { path: string; bytes: Uint8Array }[] {
  return readdirSync(join(folder, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => ({
      path: name,
      bytes: new Uint8Array(readFileSync(join(folder, path, name))),
    }));
}
