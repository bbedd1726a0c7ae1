// `completion`: scripts for three shells, made from the tree of commands itself; and the names of groups
// that these ask a running node for.
import { Argument, Command, type Option } from 'commander';
import type { GroupView } from '../chat/view.ts';
import { logFormats, logLevels } from '../config.ts';
import type { Act, Call } from './call.ts';
import { Client } from './client.ts';
import { exitCodes, type ExitCode } from './failures.ts';
import { completionMs } from './limits.ts';
import { loadClientConfig } from './load-settings.ts';
import { addClientOptions, addExamples, fileOptions } from './options.ts';

const shells = { bash: buildBash, zsh: buildZsh, fish: buildFish };
type Shell = keyof typeof shells;

export function completionCommand(act: Act): Command {
  const command = new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(
      new Argument(
        '<shell>',
        'which shell; or groups: what the scripts offer where a group is to be named',
      ).choices([...Object.keys(shells), 'groups']),
    )
    .action(act((call) => (call.arguments[0] === 'groups' ? groupNames(call) : completion(call))));
  return addExamples(
    addClientOptions(command),
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

/** One a line. Nothing where no node answers soon: a shell that completes is no place to complain. */
async function groupNames(call: Call): Promise<ExitCode> {
  const names = await askForNames(call).catch(() => []);
  if (call.flag('json')) await call.out.json({ groups: names });
  else if (names.length > 0) await call.out.text(`${names.join('\n')}\n`);
  return exitCodes.done;
}

async function askForNames(call: Call): Promise<readonly string[]> {
  const signal = call.ports.interrupt;
  const question = { path: '/groups', timeoutMs: completionMs, signal };
  const client = new Client(loadClientConfig(call));
  const { value } = await client.ask<{ groups: readonly GroupView[] }>(question);
  const names = value.groups.map(({ name }) => name);
  return value.groups.map(({ id, name }) => {
    const isPlain = /^[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/u.test(name) && !name.startsWith('-');
    const isOnly = names.indexOf(name) === names.lastIndexOf(name);
    return isPlain && isOnly ? name : id;
  });
}

/** A command by its words: `[]` for the program itself, `['peers', 'add']`. */
interface Node {
  readonly words: readonly string[];
  readonly description: string;
  readonly options: readonly Option[];
  readonly children: readonly string[];
  /** What else can stand there: the words that its first argument can be. */
  readonly values: readonly string[];
  /** Whether an argument of it is a file or a folder. */
  readonly takesFile: boolean;
  /** Whether its first argument is a group. */
  readonly takesGroup: boolean;
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
    children,
    values: command.registeredArguments[0]?.argChoices ?? [],
    takesFile: command.registeredArguments.some((each) => /^(file|dir)$/i.test(each.name())),
    takesGroup: command.registeredArguments[0]?.name() === 'group',
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

type Values = 'file' | 'group' | 'text' | readonly string[];

/** What the value of an option can be; undefined where it has none. */
function valuesOf(option: Option): Values | undefined {
  if (!option.required) return undefined;
  if (fileOptions.has(option.attributeName())) return 'file';
  if (option.attributeName() === 'group') return 'group';
  return option.argChoices ?? choices[option.attributeName()] ?? 'text';
}

/** The options that have a value, by their flags. */
function valuesByFlag(nodes: readonly Node[]): ReadonlyMap<string, Values> {
  const found = new Map<string, Values>();
  for (const option of nodes.flatMap(({ options }) => options)) {
    const values = valuesOf(option);
    if (values === undefined) continue;
    for (const flag of [option.short, option.long]) if (flag) found.set(flag, values);
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
  const wordCases = nodes.map((node) => {
    const words = [...node.children, ...node.values, ...flagsOf(node)].join(' ');
    const more = `${node.takesFile ? ' files=1' : ''}${node.takesGroup ? ' groups=1' : ''}`;
    return `    '${node.words.join(' ')}') words='${words}'${more} ;;`;
  });
  return `_skychat_node() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command='' words='' files='' groups='' i at
  at=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [ "\${COMP_WORDS[i]}" = --data ]; then at=(--data "\${COMP_WORDS[i+1]}"); fi
    case "\${command:+$command }\${COMP_WORDS[i]}" in
    ${named.map(({ words }) => `'${words.join(' ')}'`).join('|')})
      command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$before" in
${valueCases(nodes).join('\n')}
  esac
  case "$command" in
${wordCases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [ -n "$files" ]; then _skychat_node_files "$word"; fi
  if [ -n "$groups" ] && [ "$before" = "\${command##* }" ]; then _skychat_node_groups "$word"; fi
}
_skychat_node_groups() {
  local name
  while IFS= read -r name; do
    if [ -z "\${ZSH_VERSION-}" ]; then printf -v name '%q' "$name"; fi
    if [[ "$name" == "$1"* ]]; then COMPREPLY+=("$name"); fi
  done < <(command skychat-node completion groups "\${at[@]}" 2>/dev/null)
}
_skychat_node_files() {
  local IFS=$'\n'
  COMPREPLY+=($(compgen -f -- "$1"))
  if type compopt >/dev/null 2>&1; then compopt -o filenames; fi
}`;
}

function valueCases(nodes: readonly Node[]): readonly string[] {
  const flags = [...valuesByFlag(nodes)];
  const ofKind = (kind: string): string =>
    flags.flatMap(([flag, values]) => (values === kind ? flag : [])).join('|');
  const chosen = flags.flatMap(([flag, values]) => {
    if (typeof values === 'string') return [];
    const words = values.join(' ');
    return `    ${flag}) COMPREPLY=($(compgen -W '${words}' -- "$word")); return ;;`;
  });
  return [
    `    ${ofKind('file')}) COMPREPLY=(); _skychat_node_files "$word"; return ;;`,
    `    ${ofKind('group')}) COMPREPLY=(); _skychat_node_groups "$word"; return ;;`,
    `    ${ofKind('text')}) COMPREPLY=(); return ;;`,
    ...chosen,
  ];
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
    const condition = fishCondition(node.words, node.words.length === 0 ? known : node.children);
    const values = node.values.map(
      (value) => `complete -c skychat-node -f -n ${condition} -a ${fishQuote(value)}`,
    );
    if (node.takesGroup) {
      const behind = `test (commandline -opc)[-1] = ${node.words.at(-1) ?? ''}`;
      const both = `'${condition.slice(1, -1)}; and ${behind}'`;
      values.push(`complete -c skychat-node -f -n ${both} -a '(__skychat_node_groups)'`);
    }
    // Fish offers files where nothing says that it should not.
    if (!node.takesFile) values.push(`complete -c skychat-node -f -n ${condition}`);
    const children = node.children.map((child) => {
      const words = [...node.words, child];
      const about = nodes.find((each) => each.words.join(' ') === words.join(' '))?.description;
      return `complete -c skychat-node -f -n ${condition} -a ${child} -d ${fishQuote(about ?? '')}`;
    });
    return [...children, ...values, ...node.options.map((option) => fishOption(option, condition))];
  });
  return `# fish completion for skychat-node\n${fishGroups}${lines.join('\n')}\n`;
}

const fishGroups = `function __skychat_node_groups
  set -l words (commandline -opc)
  set -l at
  if set -l i (contains -i -- --data $words)
    set at --data $words[(math $i + 1)]
  end
  command skychat-node completion groups $at 2>/dev/null
end
`;

/**
 * Whether these are the words of the command before the cursor: all of them seen, and no word of a
 * command below.
 */
function fishCondition(words: readonly string[], below: readonly string[]): string {
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  if (below.length > 0) seen.push(`not __fish_seen_subcommand_from ${below.join(' ')}`);
  return `'${seen.join('; and ')}'`;
}

function fishOption(option: Option, condition: string): string {
  const values = valuesOf(option);
  const parts = [
    `complete -c skychat-node -n ${condition}`,
    option.short === undefined ? '' : `-s ${option.short.slice(1)}`,
    option.long === undefined ? '' : `-l ${option.long.slice(2)}`,
    values === undefined ? '-f' : values === 'file' ? '-r -F' : '-x',
    values === 'group' ? "-a '(__skychat_node_groups)'" : '',
    Array.isArray(values) ? `-a ${fishQuote(values.join(' '))}` : '',
    `-d ${fishQuote(option.description)}`,
  ];
  return parts.filter(Boolean).join(' ');
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
