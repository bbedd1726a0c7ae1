// A participant as a process of its own: does what its parent asks on stdin, in the directory that is
// its argument. Ends when it is told to, or when stdin ends.
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../support/statistics.ts';
import { Arrivals } from './arrivals.ts';
import type { CommandName, Input, Output, Received } from './commands.ts';
import type { OpenParticipant, Participant } from './participant.ts';
import { markedText, textLength } from './text.ts';

/** Stdout belongs to the answers, and that a link was cut is no news. */
for (const method of ['log', 'info', 'warn', 'error'] as const) console[method] = () => undefined;

/** Posts of one turn of the event loop: one that falls behind still has to do the rest. */
const turnPostsMax = 64;

type Handlers = {
  [Name in CommandName]: (input: Input<Name>) => Output<Name> | Promise<Output<Name>>;
};

export async function serve(open: OpenParticipant): Promise<void> {
  const [directory = ''] = process.argv.slice(2);
  const arrivals = new Arrivals();
  const participant = await open(directory, (read) => {
    arrivals.add(read);
  });
  const handlers = handlersOf(participant, arrivals);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    answer(handlers, JSON.parse(line) as Request<CommandName>).catch((error: unknown) => {
      const words = error instanceof Error ? error.stack : String(error);
      process.stderr.write(`${words ?? ''}\n`, () => process.exit(1));
    });
  });
  lines.on('close', () => process.exit(1));
}

function handlersOf(participant: Participant, arrivals: Arrivals): Handlers {
  return {
    fill: ({ feeds, each }) => participant.fill(feeds, each, randomText),
    ownFeed: () => participant.ownFeed,
    follow: ({ feeds }) => participant.follow(feeds),
    listen: () => participant.listen(),
    connect: (to) => participant.connect(to),
    append: (wanted) => append(participant, wanted),
    receive: (from) => receive(participant, arrivals, from),
    post: (posts) => postSteadily(participant, posts),
    collect: (posts) => arrivals.collect(posts),
    close: () => participant.close(),
  };
}

async function append(
  participant: Participant,
  { count, group }: Input<'append'>,
): Promise<number> {
  const texts = Array.from({ length: count }, randomText);
  const startedAt = performance.now();
  if (group === 1) {
    for (const text of texts) await participant.append(text);
  } else {
    for (let i = 0; i < count; i += group) await participant.appendAll(texts.slice(i, i + group));
  }
  return count / ((performance.now() - startedAt) / 1000);
}

async function receive(
  participant: Participant,
  arrivals: Arrivals,
  { count, patienceMs, ...to }: Input<'receive'>,
): Promise<Received> {
  const wireBefore = participant.wireBytes();
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const all = arrivals.until({ count, patienceMs });
  await participant.connect(to);
  const came = await all;
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  return {
    ms: came ? ms : undefined,
    cpuMs: (user + system) / 1000,
    residentMb: process.memoryUsage().rss / 1e6,
    wireBytes: participant.wireBytes() - wireBefore,
  };
}

async function postSteadily(
  participant: Participant,
  { first, count, perSecond }: Input<'post'>,
): Promise<number> {
  const startedAt = performance.now();
  const posts: Promise<number>[] = [];
  const one = (number: number): Promise<number> =>
    participant.append(markedText(number)).then(
      () => 0,
      () => 1,
    );
  while (posts.length < count) {
    const due = Math.ceil(((performance.now() - startedAt) * perSecond) / 1000);
    const now = Math.min(due, count, posts.length + turnPostsMax);
    while (posts.length < now) posts.push(one(first + posts.length));
    if (now < Math.min(due, count)) await setImmediate();
    else await sleep(Math.max(0, startedAt + (now * 1000) / perSecond - performance.now()));
  }
  const failed = await Promise.all(posts);
  return failed.reduce((sum, one) => sum + one, 0);
}

function randomText(): string {
  return printable(randomBytes((textLength * 3) / 4));
}

interface Request<Name extends CommandName> {
  readonly command: Name;
  readonly input: Input<Name>;
}

async function answer<Name extends CommandName>(
  handlers: Handlers,
  { command, input }: Request<Name>,
): Promise<void> {
  const output = await handlers[command](input);
  // Some of the systems keep timers or handles that outlive their close.
  if (command === 'close') process.exit(0);
  process.stdout.write(`${JSON.stringify(output ?? null)}\n`);
}
