// What the commands of the chat do. Each asks the daemon; what changes of messages comes back by the
// event stream, and is shown from there.
import type {
  GroupView,
  MessageView,
  NewInviteView,
  Page,
  PeerView,
  SearchPage,
  StatusView,
} from '../../chat/view.ts';
import { unreachable } from '../../errors.ts';
import type { Question } from '../client.ts';
import { exitCodes } from '../failures.ts';
import { joinWords } from '../group-tables.ts';
import { chatPageMax, searchSeconds } from '../limits.ts';
import { findKey, pathOfGroup } from '../member-names.ts';
import { helpLines, type Input } from './commands.ts';
import type { Session } from './session.ts';

type Command = Extract<Input, { type: 'command' }>;

export async function act(session: Session, command: Command): Promise<void> {
  const { name, text, word } = command;
  switch (name) {
    case 'help':
      session.say(...helpLines());
      return;
    case 'group':
      return enter(session, text);
    case 'groups':
      return listGroups(session);
    case 'members':
      return listMembers(session);
    case 'reply':
      return reply(session, command);
    case 'react':
      return note(session, command, 'PUT', `reactions/${encodeURIComponent(text)}`);
    case 'ack':
      return note(session, command, 'PUT', 'ack');
    case 'edit':
      return edit(session, command);
    case 'delete':
      return note(session, command, 'DELETE', '');
    case 'pin':
      return note(session, command, 'PUT', 'pin');
    case 'unpin':
      return note(session, command, 'DELETE', 'pin');
    case 'thread':
      return thread(session, command);
    case 'to':
      return writeTo(session, word, text);
    case 'search':
      return search(session, text);
    case 'older':
      return session.showOlder();
    case 'join':
      return join(session, word);
    case 'invite':
      return invite(session);
    case 'status':
      return status(session);
    case 'peers':
      return peers(session);
    case 'quit':
      session.leave(exitCodes.done);
      return;
    default:
      unreachable(name);
  }
}

/** What a command is about: by its number, or the latest message of others, or of one's own. */
function targetOf(session: Session, { ref, name }: Command): MessageView | undefined {
  const isOwn = name === 'edit' || name === 'delete';
  const { id } = session.rooms.open;
  const found = session.seen.find(ref, id, ({ mine, deleted }) => mine === isOwn && !deleted);
  if (found === undefined) {
    session.say(ref === undefined ? 'there is no such message here' : `there is no message ${ref}`);
  }
  return found;
}

async function note(
  session: Session,
  command: Command,
  method: 'PUT' | 'DELETE',
  what: string,
): Promise<void> {
  const target = targetOf(session, command);
  if (target === undefined) return;
  const path = `/messages/${target.id}${what === '' ? '' : `/${what}`}`;
  await ask(session, { method, path });
}

async function edit(session: Session, command: Command): Promise<void> {
  const target = targetOf(session, command);
  if (target === undefined) return;
  await ask(session, {
    method: 'PATCH',
    path: `/messages/${target.id}`,
    body: { text: command.text },
  });
}

function reply(session: Session, command: Command): Promise<void> {
  const target = targetOf(session, command);
  if (target !== undefined) {
    session.post({ text: command.text, group: target.group, reply_to: target.id });
  }
  return Promise.resolve();
}

async function thread(session: Session, command: Command): Promise<void> {
  const target = targetOf(session, command);
  if (target === undefined) return;
  const path = `/messages/${target.id}`;
  const now = await session.client.get<MessageView>(path, {}, session.signal);
  const { messages } = await session.client.get<Page>(`${path}/replies`, {}, session.signal);
  session.showList('thread', [now, ...messages]);
}

async function search(session: Session, words: string): Promise<void> {
  const query = { q: words, group: session.rooms.open.id, limit: chatPageMax, wait: searchSeconds };
  const page = await session.client.get<SearchPage>('/messages', query, session.signal);
  if (page.messages.length === 0) session.say(`nothing is found for ${words}`);
  else session.showList(`found for ${words}`, [...page.messages].reverse());
  if (!page.complete) session.say('older messages are not searched yet');
}

async function enter(session: Session, word: string): Promise<void> {
  const isKnown = session.rooms.find(word) !== undefined;
  if (!isKnown) await session.reloadGroups();
  const room = session.rooms.find(word);
  if (room === undefined) session.say(`no group, or more than one, is called ${word}: /groups`);
  else await session.show(room.id);
}

async function listGroups(session: Session): Promise<void> {
  await session.reloadGroups();
  const { open } = session.rooms;
  session.say(
    ...session.rooms.all().map(({ id, name, members, unread, mentions }) => {
      const mark = id === open.id ? '*' : ' ';
      const named = mentions > 0 ? `, ${mentions} name you` : '';
      return `${mark} ${name}  ${members} members, ${unread} unread${named}  ${id.slice(0, 8)}`;
    }),
  );
}

async function listMembers(session: Session): Promise<void> {
  const { members } = await session.client.get<{ members: Session['members'] }>(
    `${pathOfGroup(session.rooms.open.id)}/members`,
    {},
    session.signal,
  );
  session.say(
    ...members.map(({ pk, name, role, online, note: about }) => {
      const words = [online ? 'online' : 'away', role, about ?? ''].filter((each) => each !== '');
      return `${name ?? '-'}  ${pk.slice(0, 8)}  ${words.join(', ')}`;
    }),
  );
}

async function writeTo(session: Session, word: string, text: string): Promise<void> {
  const wanted = word.replace(/^@/, '').toLowerCase();
  const named = session.members.filter(({ name }) => name?.toLowerCase() === wanted);
  const key = findKey(word) ?? (named.length === 1 ? named[0]?.pk : undefined);
  if (key !== undefined) session.post({ text, to: key });
  else session.say(named.length === 0 ? `nobody here is called ${word}` : `several are: use a key`);
  return Promise.resolve();
}

async function join(session: Session, link: string): Promise<void> {
  const group = await ask<GroupView>(session, {
    ...{ method: 'POST', path: '/groups/join', body: { invite: link } },
  });
  const words = group.join == null ? group.state : joinWords(group.join);
  session.say(`${group.name}: ${words}; /group ${group.name} once it is there`);
}

async function invite(session: Session): Promise<void> {
  const path = `${pathOfGroup(session.rooms.open.id)}/invites`;
  const made = await ask<NewInviteView>(session, {
    ...{ method: 'POST', path, body: { expires_in: '1d' } },
  });
  session.say(made.invite, `lets in whoever has it, until ${made.expires ?? 'it is revoked'}`);
}

async function status(session: Session): Promise<void> {
  const view = await session.client.get<StatusView>('/status', {}, session.signal);
  const { pk, name, peers: links, messages, behind, store } = view;
  session.say(
    `${name ?? '-'}  ${pk}`,
    `${links.connected} of ${links.known} peers, ${messages} messages, behind ${behind}`,
    `store ${store.bytes} bytes, up ${Math.floor(view.uptime_s)} s, version ${view.version}`,
  );
}

async function peers(session: Session): Promise<void> {
  const { peers: all } = await session.client.get<{ peers: readonly PeerView[] }>(
    '/peers',
    {},
    session.signal,
  );
  if (all.length === 0) session.say('no peers');
  session.say(
    ...all.map(({ pk, name, state, reason, behind }) => {
      const why = reason === null ? '' : `: ${reason}`;
      return `${name ?? '-'}  ${pk.slice(0, 8)}  ${state}${why}, behind ${behind}`;
    }),
  );
}

async function ask<T>(session: Session, question: Omit<Question, 'signal'>): Promise<T> {
  return (await session.client.ask<T>({ ...question, signal: session.signal })).value;
}
