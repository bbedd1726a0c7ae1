// `completion`: scripts for three shells, made from the tree of commands itself.
import { Argument, Command, type Option } from 'commander';
import { logFormats, logLevels } from '../config.ts';
import type { Act, Call } from './call.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { addExamples, fileOptions, jsonOption } from './options.ts';

const shells = { bash: buildBash, zsh: buildZsh, fish: buildFish };
type Shell = keyof typeof shells;

export function completionCommand(act: Act): Command {
  const command = new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)))
    .addOption(jsonOption())
    .action(act(completion));
  return addExamples(
    command,
    'source <(skychat-node completion bash)',
    'skychat-node completion zsh > "${fpath[1]}/_skychat-node"',
    'skychat-node completion fish > ~/.config/fish/completions/skychat-node.fish',
  );
}

async function completion(call: Call): Promise<ExitCode> {
  const shell = call.arguments[0] as Shell;
  const script = shells[shell](nodesOf(call.command.parent ?? call.command));
  await (call.flag('json') ? call.out.json({ shell, script }) : call.out.text(script));
  return exitCodes.done;
}

/** A command by its words: `[]` for the program itself, `['peers', 'add']`. */
interface Node {
  readonly words: readonly string[];
  readonly description: string;
  readonly options: readonly Option[];
  readonly children: readonly string[];
}

function nodesOf(command: Command, words: readonly string[] = []): readonly Node[] {
  const children = command.commands.map((each) => each.name());
  // The program itself also takes the options of its default command.
  const standIn = command.commands.find((each) => each.name() === 'run');
  const own = [command, standIn ?? []]
    .flat()
    .flatMap((each) => each.createHelp().visibleOptions(each));
  const node = {
    words,
    description: command.description(),
    options: [...new Map(own.map((option) => [option.flags, option])).values()],
    children: words.at(-1) === 'completion' ? Object.keys(shells) : children,
  };
  return [node, ...command.commands.flatMap((each) => nodesOf(each, [...words, each.name()]))];
}

function flagsOf({ options }: Node): readonly string[] {
  return options.flatMap(({ short, long }) => [short ?? [], long ?? []].flat());
}

const choices: Readonly<Record<string, readonly string[]>> = {
  logLevel: logLevels,
  logFormat: logFormats,
};

/** Options whose value is a file, by their flags. */
function fileFlags(nodes: readonly Node[]): readonly string[] {
  const all = nodes.flatMap(({ options }) => options);
  const files = all.filter((each) => fileOptions.has(each.attributeName()));
  return [...new Set(files.flatMap(({ long }) => long ?? []))];
}

function choicesByFlag(nodes: readonly Node[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const option of nodes.flatMap(({ options }) => options)) {
    const words = choices[option.attributeName()];
    if (words !== undefined && option.long !== undefined) found.set(option.long, words);
  }
  return found;
}

function buildBash(nodes: readonly Node[]): string {
  return `# bash completion for skychat-node
${bashFunction(nodes)}
complete -F _skychat_node skychat-node
`;
}

function bashFunction(nodes: readonly Node[]): string {
  const named = nodes.filter(({ words }) => words.length > 0);
  const valueCases = [...choicesByFlag(nodes)].map(
    ([flag, words]) =>
      `    ${flag}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")); return ;;`,
  );
  const wordCases = nodes.map(
    (node) =>
      `    '${node.words.join(' ')}') words='${[...node.children, ...flagsOf(node)].join(' ')}' ;;`,
  );
  return `_skychat_node() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${command:+$command }\${COMP_WORDS[i]}" in
    ${named.map(({ words }) => `'${words.join(' ')}'`).join('|')})
      command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$before" in
    ${fileFlags(nodes).join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
${valueCases.join('\n')}
  esac
  case "$command" in
${wordCases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}`;
}

/** The same function, by the layer that zsh has for bash's completions. */
function buildZsh(nodes: readonly Node[]): string {
  return `#compdef skychat-node
# zsh completion for skychat-node
autoload -U +X bashcompinit && bashcompinit
${bashFunction(nodes)}
complete -F _skychat_node skychat-node
`;
}

function buildFish(nodes: readonly Node[]): string {
  const known = nodes.flatMap(({ words, children }) => (words.length === 0 ? children : []));
  const lines = nodes.flatMap((node) => {
    const condition = fishCondition(node.words, known);
    const children = node.children.map((child) => {
      const words = [...node.words, child];
      const about = nodes.find((each) => each.words.join(' ') === words.join(' '))?.description;
      return `complete -c skychat-node -f -n ${condition} -a ${child} -d ${fishQuote(about ?? '')}`;
    });
    return [...children, ...node.options.map((option) => fishOption(option, condition))];
  });
  return `# fish completion for skychat-node\n${lines.join('\n')}\n`;
}

function fishCondition(words: readonly string[], known: readonly string[]): string {
  if (words.length === 0) return `'not __fish_seen_subcommand_from ${known.join(' ')}'`;
  return `'${words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')}'`;
}

function fishOption(option: Option, condition: string): string {
  const values = choices[option.attributeName()];
  const parts = [
    `complete -c skychat-node -n ${condition}`,
    option.short === undefined ? '' : `-s ${option.short.slice(1)}`,
    option.long === undefined ? '' : `-l ${option.long.slice(2)}`,
    option.required ? (fileOptions.has(option.attributeName()) ? '-r' : '-x') : '-f',
    values === undefined ? '' : `-a ${fishQuote(values.join(' '))}`,
    `-d ${fishQuote(option.description)}`,
  ];
  return parts.filter(Boolean).join(' ');
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
