// History into an empty node: how fast, and how many bytes on the wire and on the disk.
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { atLeast, below, type Figure } from '../support/figure.ts';
import { copyBare, replications, type Replication } from '../support/replication.ts';
import { median } from '../support/statistics.ts';

const messages = 20_000;
const rounds = 3;

export const replicate: Figure = {
  name: 'replicate',
  title: 'an empty node replicates 20,000 messages that were posted one at a time',
  how: 'from POST /peers (dial and handshake included) to all counted by GET /status; 200 random printable bytes each',
  async run(workspace) {
    const history = { inSegments: 0, single: messages };
    const ours: Replication[] = [];
    const bare: number[] = [];
    for await (const replication of replications(workspace, history, rounds)) {
      ours.push(replication);
      bare.push(await copyBare(workspace, messages, replication.wireBytes));
    }
    const middle = (value: (one: Replication) => number): number => median(ours.map(value));
    return [
      {
        what: 'messages replicated',
        value: middle(({ perSecond }) => perSecond),
        unit: '/s',
        target: atLeast(25_000),
        primitive: {
          what: 'plain TCP copy of the same bytes into synced LevelDB batches',
          value: median(bare),
        },
      },
      { what: 'signatures verified by node:crypto', value: verifyRate(), unit: '/s' },
      { what: 'CPU of the receiver', value: middle(({ cpuMs }) => cpuMs), unit: 'ms' },
      { what: 'CPU of the author', value: middle(({ authorCpuMs }) => authorCpuMs), unit: 'ms' },
      {
        what: 'on the wire for each message, both directions',
        value: middle(({ wireBytes }) => wireBytes),
        unit: 'bytes',
        target: below(300),
      },
      {
        what: 'on the disk of the receiver for each message',
        value: middle(({ diskBytes }) => diskBytes),
        unit: 'bytes',
        target: below(600),
      },
    ];
  },
};

/** One after the other in one thread, for orientation: what a signature a message would cost. */
function verifyRate(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const message = randomBytes(200);
  const signature = sign(null, message, privateKey);
  const count = 3000;
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) verify(null, message, publicKey, signature);
  return count / ((performance.now() - startedAt) / 1000);
}
