// The log on stderr, as JSON or for people. Written line by line in this thread, so that the last
// lines before an end are not lost.
import type { Writable } from 'node:stream';
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogFormat, LogLevel } from '../config.ts';
import type { Logger } from '../env.ts';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly colors: boolean;
}

export function createLogger({ level, format, colors }: LogOptions, target: Writable): Logger {
  // A log that nobody reads any more does not end the node.
  target.on('error', () => undefined);
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (format === 'json') return pino(options, target);
  const prettify = prettyFactory({
    colorize: colors,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return pino(options, { write: (line) => target.write(prettify(line)) });
}
