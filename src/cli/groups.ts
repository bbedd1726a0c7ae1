// `groups`: the groups of the node, as the HTTP surface has them: what they are, who is in them, and
// what an admin does.
import { Command, InvalidArgumentError, Option } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import type { GroupView, InviteView, MemberView, NewInviteView } from '../chat/view.ts';
import type { Act, Call, Handler } from './call.ts';
import { Client, type Question } from './client.ts';
import { exitCodes, UsageError, type ExitCode } from './failures.ts';
import { joinCommand } from './group-join.ts';
import { tableOfGroup, tableOfGroups, tableOfInvites, tableOfMembers } from './group-tables.ts';
import { loadClientConfig } from './load-settings.ts';
import { findKey, pathOfGroup, readKey, readMember } from './member-names.ts';
import { addClientOptions, addExamples, parseDuration, wholeNumber } from './options.ts';

export function groupsCommand(act: Act): Command {
  const command = new Command('groups')
    .description('list the groups; make, join, change and leave them')
    .helpCommand(false)
    .enablePositionalOptions()
    .allowExcessArguments()
    .action(
      act((call) => {
        call.refuseArguments(command.commands.map((each) => each.name()));
        return list(call);
      }),
    );
  addExamples(
    addClientOptions(command),
    'skychat-node groups',
    'skychat-node groups create --encrypted ops',
    'skychat-node groups invite ops --uses 3 --expires 1d --qr',
    'skychat-node groups join skychat://AEBU2…',
    'skychat-node groups add ops PK',
    'skychat-node groups promote ops PK',
  );
  for (const make of makers) command.addCommand(make(act));
  return command;
}

const makers = [
  simple('list', 'list the groups', list),
  simple('show', 'show one group', show, '<group>'),
  createCommand,
  simple('members', 'list the members of a group', members, '<group>'),
  inviteCommand,
  simple('invites', 'list the invites of a group', invites, '<group>'),
  simple('revoke', 'revoke an invite by its id', revoke, '<group>', '<id>'),
  joinCommand,
  addMemberCommand,
  simple('remove', 'remove a member', onMember('DELETE', 'members'), '<group>', '<member>'),
  simple('promote', 'make a key an admin', promote, '<group>', '<member>'),
  simple(
    'demote',
    'make an admin a member again',
    onMember('DELETE', 'admins'),
    '<group>',
    '<member>',
  ),
  simple('leave', 'leave a group, or give up joining it', leave, '<group>'),
  simple('rename', 'change the name of a group', rename, '<group>', '<name>'),
  simple('topic', "change the topic of a group; '' takes it away", topic, '<group>', '<text>'),
  retentionCommand,
];

/** A command without options of its own. */
function simple(
  name: string,
  description: string,
  handler: Handler,
  ...words: readonly string[]
): (act: Act) => Command {
  return (act) => {
    const command = new Command(name).description(description).action(act(handler));
    for (const word of words) command.argument(word, meanings[word]);
    const example = [name, ...words.map((word) => examples[word] ?? word)].join(' ');
    return addExamples(addClientOptions(command), `skychat-node groups ${example}`);
  };
}

const meanings: Readonly<Record<string, string>> = {
  '<group>': 'its id, or its name where only one group has it',
  '<member>': 'the key of a member, or its name where only one has it',
  '<id>': 'as the list of invites shows it',
};
const examples: Readonly<Record<string, string>> = {
  ...{ '<group>': 'ops', '<member>': 'PK', '<id>': 'ID', '<name>': 'operations' },
  '<text>': "'who is on call'",
};

function createCommand(act: Act): Command {
  const command = new Command('create')
    .description('make a group and print its id; this node is its founder')
    .argument('<name>', 'what it is called')
    .option('--encrypted', 'only members can read what is said')
    .addOption(
      new Option('--member <key>', 'begin with this member; repeatable').argParser(collectKey),
    )
    .action(act(create));
  return addExamples(
    addClientOptions(command),
    'skychat-node groups create ops',
    'skychat-node groups create --encrypted --member PK --member PK ops',
  );
}

function inviteCommand(act: Act): Command {
  const command = new Command('invite')
    .description('print a link by which others join; whoever has it may use it')
    .argument('<group>', meanings['<group>'])
    .addOption(
      new Option('--expires <time>', 'such as 12h or 30d, or never (default: 7d)').argParser(bound),
    )
    .addOption(
      new Option('--uses <n>', 'so many may join by it (default: any number)').argParser(
        wholeNumber(1, 1_000_000),
      ),
    )
    .option('--history', 'who joins can read what was said before')
    .option('--qr', 'draw it as a QR code')
    .action(act(invite));
  return addExamples(
    addClientOptions(command),
    'skychat-node groups invite ops',
    'skychat-node groups invite ops --uses 1 --expires 1h --qr',
  );
}

function addMemberCommand(act: Act): Command {
  const command = new Command('add')
    .description('add a key to a group')
    .argument('<group>', meanings['<group>'])
    .argument('<key>', 'its key, or pk@host:port')
    .option('--history', 'the new member can read what was said before')
    .action(act(add));
  return addExamples(
    addClientOptions(command),
    'skychat-node groups add ops PK',
    'skychat-node groups add ops PK --history',
  );
}

function retentionCommand(act: Act): Command {
  const command = new Command('retention')
    .description('how long, and how much, of a group is kept by its members; none for all')
    .argument('<group>', meanings['<group>'])
    .addOption(new Option('--age <time>', 'such as 30d, or none').argParser(bound))
    .addOption(new Option('--bytes <n>', 'so many at most, or none').argParser(bytesBound))
    .action(act(retention));
  return addExamples(
    addClientOptions(command),
    'skychat-node groups retention ops --age 30d',
    'skychat-node groups retention ops --age none',
  );
}

function collectKey(word: string, previous: readonly string[] | undefined): readonly string[] {
  const key = findKey(word);
  if (key === undefined) throw new InvalidArgumentError('A key is 64 hex characters.');
  return [...(previous ?? []), key];
}

/** Seconds as text, since null is no option's value. */
function bound(text: string): string {
  if (text === 'never' || text === 'none') return 'none';
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1000) return String(Math.floor(ms / 1000));
  throw new InvalidArgumentError('Write a time such as 90s, 12h or 30d.');
}

function bytesBound(text: string): string {
  return text === 'none' ? text : String(wholeNumber(1, 2 ** 50)(text));
}

function numberOf(text: string | undefined): number | null | undefined {
  return text === undefined ? undefined : text === 'none' ? null : Number(text);
}

// What each of them asks.

function clientOf(call: Call): Client {
  return new Client(loadClientConfig(call));
}

/** The path of the group that the first argument names. */
function pathOf(call: Call): string {
  return pathOfGroup(call.arguments[0] ?? '');
}

async function change(
  call: Call,
  question: Omit<Question, 'signal'>,
  resultOf: (group: GroupView) => string,
): Promise<ExitCode> {
  const signal = call.ports.interrupt;
  const { value: group } = await clientOf(call).ask<GroupView>({ ...question, signal });
  await (call.flag('json') ? call.out.json(group) : call.out.line(resultOf(group)));
  return exitCodes.done;
}

const idOf = ({ id }: GroupView): string => id;

async function list(call: Call): Promise<ExitCode> {
  const answer = await clientOf(call).get<{ groups: readonly GroupView[] }>(
    '/groups',
    {},
    call.ports.interrupt,
  );
  await (call.flag('json') ? call.out.json(answer) : call.out.text(tableOfGroups(answer.groups)));
  return exitCodes.done;
}

async function show(call: Call): Promise<ExitCode> {
  const group = await clientOf(call).get<GroupView>(pathOf(call), {}, call.ports.interrupt);
  await (call.flag('json') ? call.out.json(group) : call.out.text(tableOfGroup(group)));
  return exitCodes.done;
}

async function members(call: Call): Promise<ExitCode> {
  const answer = await clientOf(call).get<{ members: readonly MemberView[] }>(
    `${pathOf(call)}/members`,
    {},
    call.ports.interrupt,
  );
  await (call.flag('json') ? call.out.json(answer) : call.out.text(tableOfMembers(answer.members)));
  return exitCodes.done;
}

function create(call: Call): Promise<ExitCode> {
  const [name] = call.arguments;
  const list = call.command.opts()['member'] as readonly string[] | undefined;
  const body = { name, encrypted: call.flag('encrypted'), members: list ?? [] };
  return change(call, { method: 'POST', path: '/groups', body }, idOf);
}

async function invite(call: Call): Promise<ExitCode> {
  const { value: made } = await clientOf(call).ask<NewInviteView>({
    method: 'POST',
    path: `${pathOf(call)}/invites`,
    body: {
      expires_in: numberOf(call.text('expires')),
      uses: call.number('uses'),
      history: call.flag('history'),
    },
    signal: call.ports.interrupt,
  });
  if (call.flag('json')) {
    await call.out.json(made);
    return exitCodes.done;
  }
  // In upper case the code has a third of the dots less.
  if (call.flag('qr')) await call.out.line(renderUnicodeCompact(made.invite.toUpperCase()));
  await call.out.line(made.invite);
  return exitCodes.done;
}

async function invites(call: Call): Promise<ExitCode> {
  const answer = await clientOf(call).get<{ invites: readonly InviteView[] }>(
    `${pathOf(call)}/invites`,
    {},
    call.ports.interrupt,
  );
  await (call.flag('json') ? call.out.json(answer) : call.out.text(tableOfInvites(answer.invites)));
  return exitCodes.done;
}

function revoke(call: Call): Promise<ExitCode> {
  const id = readKey(call.arguments[1] ?? '');
  return change(call, { method: 'DELETE', path: `${pathOf(call)}/invites/${id}` }, () => id);
}

function add(call: Call): Promise<ExitCode> {
  const key = readKey(call.arguments[1] ?? '');
  const body = { history: call.flag('history') };
  const path = `${pathOf(call)}/members/${key}`;
  return change(call, { method: 'POST', path, body }, () => key);
}

function onMember(method: 'DELETE', list: 'members' | 'admins'): Handler {
  return async (call) => {
    const [group = '', word = ''] = call.arguments;
    const key = await readMember(call, clientOf(call), group, word);
    return change(call, { method, path: `${pathOf(call)}/${list}/${key}` }, () => key);
  };
}

async function promote(call: Call): Promise<ExitCode> {
  const [group = '', word = ''] = call.arguments;
  const key = await readMember(call, clientOf(call), group, word);
  return change(call, { method: 'PUT', path: `${pathOf(call)}/admins/${key}` }, () => key);
}

function leave(call: Call): Promise<ExitCode> {
  return change(call, { method: 'POST', path: `${pathOf(call)}/leave` }, idOf);
}

function rename(call: Call): Promise<ExitCode> {
  const body = { name: call.arguments[1] };
  return change(call, { method: 'PATCH', path: pathOf(call), body }, idOf);
}

function topic(call: Call): Promise<ExitCode> {
  const body = { topic: call.arguments[1] };
  return change(call, { method: 'PATCH', path: pathOf(call), body }, idOf);
}

function retention(call: Call): Promise<ExitCode> {
  const [age, bytes] = [numberOf(call.text('age')), numberOf(call.text('bytes'))];
  if (age === undefined && bytes === undefined) {
    throw new UsageError('there is neither --age nor --bytes', 'Give one, or none to keep all.');
  }
  return change(
    call,
    { method: 'PUT', path: `${pathOf(call)}/retention`, body: { age, bytes } },
    idOf,
  );
}
