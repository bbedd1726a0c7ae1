// Two kinds of tests: those in one process, and those over real processes, which are built first.
import { defineConfig } from 'vitest/config';

const processes = 'test/e2e/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [processes],
          // A bound on what hangs, not on how long a busy machine takes.
          testTimeout: 30_000,
          // The simulations keep every processor busy for a minute.
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'e2e',
          include: [processes],
          globalSetup: 'test/support/node-build.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // After the others: nodes that compete for the processors only make both slower.
          sequence: { groupOrder: 1 },
          // Much of their time is spent on waiting: for starts, for disks, for times of the node.
          maxWorkers: 3,
        },
      },
    ],
  },
});
