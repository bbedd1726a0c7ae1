// The manual page in section 1, in the troff macros of man(7), made from the tree of commands itself.
import type { Command, Option } from 'commander';
import { version } from '../version.ts';
import { exitCodeMeanings } from './failures.ts';

/** @param examples what the program's own help begins with, a line each */
export function buildManPage(program: Command, examples: readonly string[]): string {
  const run = program.commands.find((each) => each.name() === 'run');
  const parts = [
    `.TH SKYCHAT\\-NODE 1 "" "skychat\\-node ${escaped(version)}" "User Commands"`,
    ...section('NAME', 'skychat\\-node \\- replicated group messaging between keys'),
    ...section('SYNOPSIS', '.B skychat\\-node', '[\\fIcommand\\fR] [\\fIoptions\\fR]'),
    ...section('DESCRIPTION', ...description),
    ...section('OPTIONS OF RUN', 'The default command, which can be left out.'),
    ...(run === undefined ? [] : optionLines(run)),
    '.SH COMMANDS',
    ...program.commands.filter((each) => each !== run).flatMap((each) => commandLines(each, [])),
    '.SH EXIT STATUS',
    ...exitCodeMeanings.flatMap(([code, words]) => ['.TP', `.B ${code}`, escaped(words)]),
    '.SH ENVIRONMENT',
    ...environment,
    '.SH FILES',
    ...files.flatMap(([name, words]) => ['.TP', `.I ${escaped(name)}`, escaped(words)]),
    '.SH EXAMPLES',
    ...examples.flatMap((line) => ['.PP', '.EX', escaped(line), '.EE']),
    ...section('SEE ALSO', 'skychat\\-node help, and docs/OPERATIONS.md of the package.'),
  ];
  return `${parts.join('\n')}\n`;
}

const description = [
  'Several machines, each named by a key, keep one shared conversation over links that they dial',
  'themselves: no server, no DNS, no certificate authority.',
  'A node is run with',
  '.BR "skychat\\-node run" ,',
  'and asked over HTTP on the loopback address or by the other commands.',
  'They find it by',
  '.I runtime.json',
  'in the data directory, or by',
  '.BR \\-\\-http .',
];

const environment = [
  'Each option of run is also looked for in the environment, under SKYCHAT_ and its name in upper',
  'case with underscores (SKYCHAT_LOG_LEVEL), and then in the JSON file of',
  '.BR \\-\\-config .',
  '.TP',
  '.B NOTIFY_SOCKET, WATCHDOG_USEC',
  'Set by a service manager, which is told when the node is ready, how it is, and that it lives.',
];

const files: readonly (readonly [string, string])[] = [
  ['$XDG_DATA_HOME/skychat-node', 'The data directory, where --data names no other.'],
  ['identity.key', 'The secret. Whoever has it is this node.'],
  ['store/', 'The messages of all members.'],
  ['runtime.json', 'Where the node that runs can be reached.'],
];

function section(title: string, ...lines: readonly string[]): readonly string[] {
  return [`.SH ${title}`, ...lines];
}

function commandLines(command: Command, before: readonly string[]): readonly string[] {
  const words = [...before, command.name()];
  const usage = command
    .usage()
    .replace(/^\[options\] ?/, '')
    .replace(/^\[command\] ?/, '');
  return [
    `.SS "${escaped([...words, usage].join(' ').trim())}"`,
    escaped(sentence(command.description())),
    ...optionLines(command),
    ...command.commands.flatMap((each) => commandLines(each, words)),
  ];
}

function optionLines(command: Command): readonly string[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .flatMap((option) => ['.TP', flagLine(option), escaped(sentence(option.description))]);
}

/** The flags in bold, the value in italics. */
function flagLine({ flags }: Option): string {
  const [, names = flags, value = ''] = /^(.*?)( [<[].*)?$/.exec(flags) ?? [];
  const bare = value.trim().replace(/[<>]/g, '');
  return `\\fB${escaped(names)}\\fR${bare === '' ? '' : ` \\fI${escaped(bare)}\\fR`}`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** As text of troff: no escapes, no macros, and hyphens that can be copied. */
function escaped(text: string): string {
  const plain = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return plain.replace(/^([.'])/, '\\&$1');
}
