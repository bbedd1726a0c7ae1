// Two agents that talk to each other through two nodes, each by a protocol server of its own, while
// nodes and servers come and go.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Daemon } from '../../../../test/support/node-daemon.ts';
import { useWorkspace } from '../../../../test/support/node-process.ts';
import { Agent } from '../support/agent.ts';

const workspace = useWorkspace();
const turns = 100;

interface Message {
  readonly id: string;
  readonly text: string;
  readonly author: { readonly key: string; readonly verified: boolean };
}

interface Waited {
  readonly messages: readonly Message[];
  readonly cursor: string;
}

/** Answers each message with the next turn. */
class Talker {
  readonly heard: string[] = [];
  readonly node: Daemon;
  readonly #hasOwnCursor: boolean;
  #agent: Agent | undefined;
  #cursor: string | undefined;

  /** @param hasOwnCursor whether it keeps its cursor itself, or leaves that to the server */
  constructor(node: Daemon, hasOwnCursor: boolean) {
    this.node = node;
    this.#hasOwnCursor = hasOwnCursor;
  }

  async start(): Promise<void> {
    this.#agent = await Agent.start({
      state: workspace.path(`${this.node.name}-state`),
      flags: ['--data', this.node.data, '--allow-post'],
    });
    await this.agent.ask('whoami');
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error('the agent does not run');
    return this.#agent;
  }

  /** kill -9 of the protocol server, which has handed over all that it gave. */
  async restart(): Promise<void> {
    await this.agent.ask('whoami');
    await this.agent.kill();
    await this.start();
  }

  async say(turn: number, replyTo?: string): Promise<void> {
    const call = { text: `turn ${turn}`, ...(replyTo !== undefined && { reply_to: replyTo }) };
    for (let isSaid = false; !isSaid;) {
      // As its instructions say: the same call again.
      const { isError, text } = await this.agent.call('send', call);
      if (isError) expect(text).toMatch(/^(unreachable-node|closing|not-ready|own-feed-unknown)/);
      isSaid = !isError;
    }
  }

  async listen(): Promise<Message> {
    for (;;) {
      const after = this.#hasOwnCursor && this.#cursor !== undefined ? this.#cursor : undefined;
      const { isError, text, value } = await this.agent.call<Waited>('wait_for_messages', {
        ...{ timeout_s: 20, limit: 1 },
        ...(after !== undefined && { after }),
      });
      if (isError) {
        expect(text).toMatch(/^unreachable-node/);
        continue;
      }
      this.#cursor = value.cursor;
      const [message] = value.messages;
      if (message === undefined) continue;
      this.heard.push(message.text);
      expect(message.author.verified).toBe(true);
      return message;
    }
  }
}

/** Before these turns a node ends, in turns and in either way, while the agents go on. */
const endings = new Map<number, 'stop' | 'kill'>([
  ...([10, 25, 40, 55, 70, 85] as const).map(
    (turn, at) => [turn, at % 3 === 0 ? 'stop' : 'kill'] as const,
  ),
]);

test('F46 F47 F50 F53 two agents talk for 100 turns through two nodes without a loss or a repetition, while each node is restarted three times and each server once', async () => {
  const a = await Daemon.make(workspace, 'a', { flags: ['--name', 'alice'] });
  const b = await Daemon.make(workspace, 'b', { flags: ['--name', 'bob', '--peers', a.address] });
  a.flags.push('--allow', b.pk);
  await Promise.all([a.start(), b.start()]);
  await a.untilConnected(b);
  const talkers = [new Talker(a, true), new Talker(b, false)] as const;
  for (const talker of talkers) await talker.start();

  const restarts: Promise<void>[] = [];
  const counts = new Map<Daemon, number>();
  const disturb = (turn: number): void => {
    const ending = endings.get(turn);
    if (ending === undefined) return;
    const node = restarts.length % 2 === 0 ? a : b;
    counts.set(node, (counts.get(node) ?? 0) + 1);
    const restart = async (): Promise<void> => {
      // At another moment of the turn each time: at the request, within the sync, at the answer.
      await sleep(restarts.length);
      await node[ending]();
      await node.start();
    };
    restarts.push(restart());
  };

  await talkers[0].say(1);
  for (let turn = 2; turn <= turns; turn++) {
    const talker = talkers[(turn - 1) % 2 === 0 ? 0 : 1];
    disturb(turn);
    const { id, text } = await talker.listen();
    expect(text).toBe(`turn ${turn - 1}`);
    await talker.say(turn, id);
    if (turn === 33 || turn === 66) await talkers[turn === 33 ? 0 : 1].restart();
  }
  await talkers[1 - ((turns - 1) % 2) === 0 ? 0 : 1].listen();
  await Promise.all(restarts);
  expect([counts.get(a), counts.get(b)]).toEqual([3, 3]);

  const said = Array.from({ length: turns }, (_, index) => `turn ${index + 1}`);
  expect(talkers[0].heard).toEqual(said.filter((_, index) => index % 2 === 1));
  expect(talkers[1].heard).toEqual(said.filter((_, index) => index % 2 === 0));
  for (const node of [a, b]) {
    await node.untilMessages(turns);
    expect((await node.texts()).toSorted()).toEqual(said.toSorted());
  }
  for (const { agent } of talkers) await agent.close();
}, 240_000);
