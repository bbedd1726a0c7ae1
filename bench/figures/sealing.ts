// What encryption costs: an epoch for a large group, and one message, in memory.
import { below, type Figure } from '../support/figure.ts';
import { JsonLines } from '../support/lines.ts';
import { median } from '../support/statistics.ts';

const members = 1000;
const rotations = 6;
const messagesOfRound = 20_000;
const rounds = 5;

interface Measured {
  readonly firstRotateMs: number;
  readonly rotateMs: number[];
  readonly rotateBytes: number;
  readonly sealUs: number[];
  readonly openUs: number[];
  readonly bareSealUs: number[];
  readonly bareOpenUs: number[];
}

export const sealing: Figure = {
  name: 'sealing',
  title: 'a new epoch for 1,000 members; messages sealed and opened',
  how: 'in one process, without a disk; texts of 200 bytes, with their encoding',
  async run(workspace) {
    const numbers = [members, rotations, messagesOfRound, rounds].map(String);
    const child = workspace.spawnScript('sealing', ...numbers);
    const measured = (await new JsonLines(child, 'sealing').read()) as Measured;
    return [
      {
        what: 'the first epoch of a process for 1,000 members',
        value: measured.firstRotateMs,
        unit: 'ms',
        target: below(300),
      },
      {
        what: 'a new epoch for 1,000 members',
        value: median(measured.rotateMs),
        unit: 'ms',
        target: below(300),
      },
      {
        what: 'its bytes in the feed',
        value: measured.rotateBytes / 1000,
        unit: 'KB',
        target: below(120),
      },
      {
        what: 'one message sealed',
        value: median(measured.sealUs),
        unit: 'µs',
        primitive: { what: 'ChaCha20-Poly1305 alone', value: median(measured.bareSealUs) },
      },
      {
        what: 'one message opened',
        value: median(measured.openUs),
        unit: 'µs',
        primitive: { what: 'ChaCha20-Poly1305 alone', value: median(measured.bareOpenUs) },
      },
    ];
  },
};
