// The tree of commands, and the one place where a failure becomes a line on stderr and an exit code.
import { Command, CommanderError } from 'commander';
import { version } from '../version.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { blockCommand, blocksCommand, unblockCommand } from './blocks.ts';
import { Call, unknownWord, type Act } from './call.ts';
import { chatCommand } from './chat.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodeOf, exitCodes, wordsOf, type ExitCode } from './failures.ts';
import { exportCommand } from './export.ts';
import { groupsCommand } from './groups.ts';
import { helpCommand } from './help.ts';
import { hookCommand } from './hook.ts';
import { historyCommand } from './history.ts';
import { idCommand } from './id.ts';
import { importCommand } from './import.ts';
import { keygenCommand } from './keygen.ts';
import { addClientOptions, addExamples } from './options.ts';
import { Output, OutputClosed } from './output.ts';
import { peersCommand } from './peers.ts';
import type { Ports } from './ports.ts';
import { repairCommand } from './repair.ts';
import { runCommand } from './run.ts';
import { searchCommand } from './search.ts';
import { sendCommand } from './send.ts';
import { statusCommand } from './status.ts';
import { tailCommand } from './tail.ts';
import { tokenCommand } from './token.ts';
import { verifyCommand } from './verify.ts';

/** Runs one command line to its end. Never throws; what it answers is for process.exitCode. */
export async function runProgram(words: readonly string[], ports: Ports): Promise<ExitCode> {
  const out = new Output(ports.stdout);
  const err = new Output(ports.stderr);
  let exitCode: ExitCode = exitCodes.done;
  const act: Act = (handler) =>
    async function (this: Command) {
      exitCode = await handler(new Call(ports, out, err, this));
    };
  let page = '';
  const program = buildProgram(act, (text) => {
    page += text;
  });
  try {
    refuseUnknownCommand(program, words);
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof OutputClosed) return exitCodes.done;
    if (isInterrupt(error, ports.interrupt)) return exitCodes.interrupted;
    if (error instanceof CommanderError && error.exitCode === 0) return printPage(out, page);
    await err.line(`skychat-node: ${wordsOf(error)}`).catch(() => undefined);
    return exitCodeOf(error);
  }
}

function buildProgram(act: Act, writeOut: (text: string) => void): Command {
  const program = new Command('skychat-node')
    .description('One conversation between keys, over links that the nodes dial themselves.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .enablePositionalOptions();
  addExamples(
    addClientOptions(program),
    'skychat-node --peers PK@10.0.0.2:8870     run a node',
    "skychat-node send 'hello'                 post a message",
    'skychat-node tail -f                      follow the conversation',
    'skychat-node help exit-codes              what exit codes mean',
  );
  program.addHelpText(
    'after',
    '\nThe flags of run, which need no word before them: skychat-node help run',
  );
  const names = (): string[] => program.commands.map((each) => each.name());
  program.addCommand(runCommand(act, names), { isDefault: true });
  const makers = [
    keygenCommand,
    idCommand,
    chatCommand,
    sendCommand,
    tailCommand,
    historyCommand,
    searchCommand,
    statusCommand,
    peersCommand,
    groupsCommand,
    blockCommand,
    unblockCommand,
    blocksCommand,
    exportCommand,
    importCommand,
    backupCommand,
    restoreCommand,
    tokenCommand,
    hookCommand,
    verifyCommand,
    repairCommand,
    doctorCommand,
    configCommand,
    completionCommand,
    helpCommand,
  ];
  for (const make of makers) program.addCommand(make(act));
  prepare(program, writeOut);
  return program;
}

/** Lets no command print or exit by itself. */
function prepare(command: Command, writeOut: (text: string) => void): void {
  command.exitOverride();
  command.configureOutput({ writeOut, writeErr: () => undefined, outputError: () => undefined });
  for (const each of command.commands) prepare(each, writeOut);
}

/** A failure that only happens after the interrupt, as in a close, is still one. */
function isInterrupt(error: unknown, { aborted, reason }: AbortSignal): boolean {
  return aborted && (error === reason || (error instanceof Error && error.name === 'AbortError'));
}

/** Without this the default command would take the word for an argument of its own. */
function refuseUnknownCommand(program: Command, [word]: readonly string[]): void {
  const names = program.commands.map((each) => each.name());
  if (word === undefined || word.startsWith('-') || names.includes(word)) return;
  throw unknownWord('command', word, names);
}

async function printPage(out: Output, page: string): Promise<ExitCode> {
  try {
    await out.text(page);
    return exitCodes.done;
  } catch (error) {
    return error instanceof OutputClosed ? exitCodes.done : exitCodes.failed;
  }
}
