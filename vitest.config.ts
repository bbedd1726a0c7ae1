// Four kinds of tests: those in one process, the simulations, those over real processes, which are
// built first, and those of the protocol server for agents, where it is installed.
import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const processes = 'test/e2e/**/*.test.ts';
const simulations = 'test/sim/**/*.test.ts';

/** The protocol server has dependencies of its own, which only those install who want it. */
const hasProtocolServer = existsSync('packages/mcp/node_modules/@modelcontextprotocol/sdk');
if (!hasProtocolServer) {
  process.stdout.write('packages/mcp is not tested: run npm --prefix packages/mcp ci first\n');
}

const protocolServer = [
  {
    test: {
      name: 'mcp',
      include: ['packages/mcp/test/**/*.test.ts'],
      exclude: ['packages/mcp/test/e2e/**'],
      testTimeout: 30_000,
      maxWorkers: '100%',
    },
  },
  {
    test: {
      name: 'mcp-e2e',
      include: ['packages/mcp/test/e2e/**/*.test.ts'],
      globalSetup: ['test/support/node-build.ts', 'packages/mcp/test/support/build.ts'],
      ...{ testTimeout: 180_000, hookTimeout: 180_000 },
      sequence: { groupOrder: 1 },
      maxWorkers: 4,
    },
  },
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [processes, simulations],
          // The transcripts of the documents run the program.
          globalSetup: 'test/support/node-build.ts',
          // Bounds on what hangs, not on how long a busy machine takes.
          ...{ testTimeout: 60_000, hookTimeout: 60_000 },
          expect: { poll: { timeout: 30_000 } },
          maxWorkers: '100%',
          // The files share processes and what these have imported: to import all anew takes longer
          // than the tests of most files. What a file changes of a module it has to put back.
          isolate: false,
        },
      },
      {
        test: {
          name: 'sim',
          include: [simulations],
          // The simulations keep every processor busy for a minute, and some change the engine.
          testTimeout: 120_000,
          maxWorkers: '100%',
          // They make much that is soon of no use: a tenth of their time is spent on collecting it.
          execArgv: ['--max-semi-space-size=64'],
        },
      },
      {
        test: {
          name: 'e2e',
          include: [processes],
          globalSetup: 'test/support/node-build.ts',
          ...{ testTimeout: 180_000, hookTimeout: 180_000 },
          expect: { poll: { timeout: 90_000 } },
          // After the others: nodes that compete for the processors only make both slower.
          sequence: { groupOrder: 1 },
          // Much of their time is spent on waiting: for starts, for disks, for times of the node.
          maxWorkers: 4,
        },
      },
      ...(hasProtocolServer ? protocolServer : []),
    ],
  },
});
