// Local durable posts through the engine: signed, on disk, both orders, the own head beside the
// store; without HTTP.
import { atLeast, type Figure } from '../support/figure.ts';
import { JsonLines } from '../support/lines.ts';
import { median } from '../support/statistics.ts';

const postsOfRound = 20_000;
const rounds = 5;

export const posts: Figure = {
  name: 'posts',
  title: 'durable posts through the engine, 64 in flight',
  how: 'in one process, 200 bytes each, from the first append to the last one on disk',
  async run(workspace) {
    const directory = workspace.path('posts');
    const child = workspace.spawnScript(
      'engine-posts',
      ...[directory, String(postsOfRound), String(rounds)],
    );
    const { ours, bare } = (await new JsonLines(child, 'the engine').read()) as {
      ours: number[];
      bare: number[];
    };
    return [
      {
        what: 'posts on disk',
        value: median(ours),
        unit: '/s',
        target: atLeast(15_000),
        primitive: {
          what: 'LevelDB batches of the same rows, grouped the same way, one signature each',
          value: median(bare),
        },
      },
    ];
  },
};
