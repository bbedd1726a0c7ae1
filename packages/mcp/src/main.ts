#!/usr/bin/env node
// The program: standard input and output carry the protocol, standard error what an operator reads.
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { help, readOptions, UsageError, type Options } from './options.ts';
import { serve } from './server.ts';
import { version } from './version.ts';

const warn = (message: string): void => {
  process.stderr.write(`skychat-mcp: ${message}\n`);
};

function readOrEnd(): Options | undefined {
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (typeof options !== 'string') return options;
    process.stdout.write(options === 'help' ? help : `${version}\n`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    warn(`${error.message} (see --help)`);
    process.exitCode = 2;
  }
  return undefined;
}

const options = readOrEnd();
if (options !== undefined) {
  const server = await serve(new StdioServerTransport(), options, { warn });
  const end = (): void => {
    void server.close().then(() => process.exit(0));
  };
  // A client ends the server by closing its input.
  process.stdin.once('end', end).once('close', end);
  process.once('SIGTERM', end).once('SIGINT', end);
  // A client that is gone reads nothing: there is nobody left to serve.
  process.stdout.on('error', end);
}
