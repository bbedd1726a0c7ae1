// `help`: the page of a command, or of a topic that belongs to none.
import { Command } from 'commander';
import { aliases, settings, variableOf } from '../settings.ts';
import { unknownWord, type Act, type Call } from './call.ts';
import { exitCodeMeanings, exitCodes, type ExitCode } from './failures.ts';
import { buildManPage } from './man-page.ts';
import { addExamples, jsonOption } from './options.ts';
import { buildTable } from './table.ts';

const topics: Readonly<Record<string, () => string>> = {
  'exit-codes': () => buildTable(exitCodeMeanings.map(([code, words]) => [String(code), words])),
  environment: () => `${environment}\n${buildTable(variables())}`,
  'config-file': () => configFile,
};

const environment = `Each setting is looked for as a flag, then in the environment, then in the file of --config, and
then has its default. Switches are 1, true, yes or on; 0, false, no or off. An empty variable counts
as not set.
`;

const configFile = `The file of --config, or of SKYCHAT_CONFIG, is a JSON object. Its keys are the names of the flags
of run; lists are arrays, switches are true or false, all else is text. Relative paths start from the
folder of the file.

  {
    "peers": ["PK@10.0.0.2:8870", "PK@[fd00::3]:8870"],
    "room": "ops",
    "http": "127.0.0.1:8001",
    "data": "/var/lib/skychat-node"
  }
`;

export function helpCommand(act: Act): Command {
  const command = new Command('help')
    .description(`explain a command, or one of: ${[...Object.keys(topics), 'man'].join(', ')}`)
    .argument('[topic...]', 'name of a command or of a topic')
    .addOption(jsonOption())
    .action(act(help));
  return addExamples(command, 'skychat-node help send', 'skychat-node help exit-codes');
}

async function help(call: Call): Promise<ExitCode> {
  const words = call.arguments;
  const topic = words.join(' ');
  const page = topics[topic]?.() ?? (topic === 'man' ? manPageOf(call) : pageOf(call, words));
  if (!call.flag('json')) await call.out.text(page);
  else if (topic === 'exit-codes') await call.out.json(Object.fromEntries(exitCodeMeanings));
  else await call.out.json({ topic, text: page });
  return exitCodes.done;
}

/** In the format of man(1), for whoever packages this program. */
function manPageOf({ command }: Call): string {
  const program = command.parent ?? command;
  const [, examples = ''] = /^Examples:\n((?: .*\n)+)/m.exec(pageText(program)) ?? [];
  const lines = examples.split('\n').filter((line) => line !== '');
  return buildManPage(
    program,
    lines.map((line) => line.trim()),
  );
}

function pageOf(call: Call, words: readonly string[]): string {
  let command = call.command.parent ?? call.command;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) {
      const names = command.commands.map((each) => each.name());
      throw unknownWord('topic', word, [...names, ...Object.keys(topics), 'man']);
    }
    command = next;
  }
  return pageText(command);
}

/** What `--help` prints, examples and all. */
function pageText(command: Command): string {
  let text = '';
  const before = command.configureOutput();
  command.configureOutput({
    ...before,
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  return text;
}

function variables(): readonly (readonly string[])[] {
  const names = [...Object.keys(settings), ...Object.values(aliases), 'config'];
  return names.map((name) => [variableOf(name), `--${name}`]);
}
