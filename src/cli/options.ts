// The options that several commands share, and the parsers of values. Knows nothing of what any
// command does with them.
import { Command, InvalidArgumentError, Option } from 'commander';
import { logFormats, logLevels } from '../config.ts';
import type { Act, Handler } from './call.ts';

/** How shells complete the value of an option, and help names it. */
export const fileOptions: ReadonlySet<string> = new Set(['config', 'data', 'key', 'httpTokenFile']);

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON value');
}

/** Adds the options by which a command finds the data directory. */
export function addDataOptions(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'read settings from a JSON file'))
    .addOption(new Option('--data <dir>', 'data directory of the node'))
    .addOption(jsonOption());
}

/** Adds the options by which a command finds the daemon. */
export function addClientOptions(command: Command): Command {
  return addDataOptions(command)
    .addOption(new Option('--http <host:port>', 'the daemon, or unix:PATH (default: runtime.json)'))
    .addOption(new Option('--http-token-file <file>', 'file that holds the bearer token'));
}

export function keyOption(): Option {
  return new Option('--key <file>', 'the secret (default: identity.key in the data directory)');
}

export function advertiseOption(): Option {
  const text = 'address that others are told (default: that of --listen), or none; repeatable';
  return new Option('--advertise <host:port>', text).argParser(collect);
}

/** Adds every setting of a node. */
export function addRunOptions(command: Command): Command {
  const peersText = 'peers to dial, pk@host:port, separated by commas; repeatable';
  const options = [
    new Option('--standalone', 'no parent process (always so)'),
    new Option('--peers <addresses>', peersText).argParser(collect),
    new Option('--via <addresses>', 'the same as --peers').argParser(collect),
    new Option('--allow <keys>', 'keys that may connect; repeatable').argParser(collect),
    new Option('--open', 'accept any key'),
    new Option('--listen <host:port>', 'where peers dial (default: 0.0.0.0:8870)'),
    new Option('--no-listen', 'only dial'),
    advertiseOption(),
    keyOption(),
    new Option('--room <name>', 'the default group (default: lobby)'),
    new Option('--name <name>', 'display name'),
    new Option('--note <text>', 'a line about this node, beside its name'),
    new Option('--bot', 'no person stands behind this key'),
    new Option(
      '--retain <duration>',
      'erase messages that are older, such as 30d (default: never)',
    ),
    new Option('--allow-host <name>', 'further Host of the HTTP surface').argParser(collect),
    new Option('--log-level <level>', `${logLevels.join(', ')} (default: info)`),
    new Option('--log-format <format>', `${logFormats.join(', ')} (default: pretty on a terminal)`),
    new Option('--force-new-head', "go on although the own feed's past is not known"),
    new Option('--http <host:port>', 'control surface, or unix:PATH (default: 127.0.0.1:8001)'),
    new Option('--http-token-file <file>', 'bearer token; needed where others can reach --http'),
  ];
  for (const option of options) command.addOption(option);
  return addDataOptions(command);
}

/** Examples come first: they are what most readers of a help page look for. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  const examples = lines.map((line) => `  ${line}`).join('\n');
  return command.addHelpText('before', `Examples:\n${examples}\n`);
}

/** A command that lists by itself, and has others beside that. */
export function listingCommand(act: Act, name: string, handler: Handler): Command {
  const command = new Command(name)
    .helpCommand(false)
    .enablePositionalOptions()
    .allowExcessArguments()
    .action(
      act((call) => {
        call.refuseArguments(command.commands.map((each) => each.name()));
        return handler(call);
      }),
    );
  return addClientOptions(command);
}

/** What is given several times is a list. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
  };
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `500ms`, `5s`, `10m`, `2h`, `7d` or `1w` in milliseconds; undefined where it is something else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|[smhdw])$/.exec(text);
  const unit = unitMs[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Longer waits overflow the timers of the platform. */
const durationMsMax = 2 ** 31 - 1;

/** A duration in milliseconds; a bare number means seconds. */
export function duration(text: string): number {
  const value = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  if (value !== undefined && value <= durationMsMax) return value;
  throw new InvalidArgumentError('Write a duration such as 500ms, 5s, 10m or 2h.');
}
