// Processes that end at any moment, as by kill -9, a crash or a power cut.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { MessageView, ProofView } from '../../src/chat/view.ts';
import { Daemon, makeLine } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';
import { Verifier } from '../support/node-verifier.ts';

const workspace = useWorkspace();
const roundsEach = 10;

/** Of all writers, besides those of the kills. */
const messagesMax = 800;

/** Post without a pause to nodes that come and go, and keep what was acknowledged. */
class Writers {
  readonly acknowledged = new Map<string, string>();
  #isDone = false;
  #count = 0;

  readonly #running: Promise<void>[] = [];

  start(node: Daemon): void {
    this.#running.push(this.#write(node));
  }

  async stop(): Promise<void> {
    this.#isDone = true;
    await Promise.all(this.#running);
  }

  /** One post; false where nobody answered, so that nothing was promised. */
  async post(node: Daemon): Promise<boolean> {
    const text = `${node.name} ${++this.#count}`;
    const answer = await node
      .ask<MessageView>('POST', '/messages', { body: text })
      .catch(() => undefined);
    if (answer?.status !== 201) return false;
    this.acknowledged.set(answer.body.id, text);
    return true;
  }

  async #write(node: Daemon): Promise<void> {
    // Each message is verified on each node at the end: on a busy machine the kills take long.
    while (!this.#isDone && this.#count < messagesMax) {
      await this.post(node);
      await sleep(100);
    }
  }
}

async function verifyAll(nodes: readonly Daemon[], writers: Writers): Promise<void> {
  const verifier = new Verifier();
  const timelines = new Map<Daemon, MessageView[]>();
  for (const node of nodes) {
    const arrivals = await node.arrivals();
    const ids = arrivals.map(({ id }) => id);
    expect(new Set(ids).size, `${node.name} gives each message once`).toBe(ids.length);
    const texts = new Map(arrivals.map(({ id, text }) => [id, text]));
    for (const [id, text] of writers.acknowledged) {
      expect(texts.get(id), `${node.name} has what was acknowledged`).toBe(text);
    }
    timelines.set(node, await node.timeline());
    expect((await node.status()).counters.forks).toBe(0);
    await verifyEach(node, arrivals, verifier);
    for (const { author, head, seq } of await node.feeds()) {
      expect(verifier.lengthOf(author, head), `${node.name}: the feed of ${author}`).toBe(seq);
    }
  }
  const [first, ...others] = [...timelines.values()].map((each) => each.map(({ id }) => id));
  for (const other of others) expect(other).toEqual(first);
}

async function verifyEach(node: Daemon, messages: readonly MessageView[], verifier: Verifier) {
  const left = [...messages];
  const verify = async (): Promise<void> => {
    for (let message = left.pop(); message !== undefined; message = left.pop()) {
      verifier.verify(message, await node.get<ProofView>(`/messages/${message.id}/proof`));
    }
  };
  await Promise.all([verify(), verify(), verify(), verify()]);
}

test('F57 after 30 kills of processes that were writing, every acknowledged message is on every node, once, in a feed that verifies and has no fork', async () => {
  const nodes = await makeLine(workspace);
  for (const node of nodes) await node.start();
  const writers = new Writers();
  for (const node of nodes) writers.start(node);
  for (let round = 0; round < roundsEach; round++) {
    for (const node of nodes) {
      const posts = Array.from({ length: 8 }, () => writers.post(node));
      // At another moment of the commit each time: at the request, within the sync, at the answer.
      if (round % 3 === 1) await Promise.race(posts);
      if (round % 3 === 2) await sleep(round / 2);
      await node.kill();
      await Promise.all(posts);
      await node.start();
      expect(await writers.post(node)).toBe(true);
    }
  }
  await writers.stop();
  const { size } = writers.acknowledged;
  // A message that was not acknowledged may have been stored all the same; it counts as well then.
  const isEqual = async (): Promise<boolean> => {
    const states = await Promise.all(nodes.map((node) => node.status()));
    const [first] = states;
    return (
      states.every((each) => each.behind === 0 && each.messages === first?.messages) &&
      (first?.messages ?? 0) >= size
    );
  };
  for (const node of nodes) await node.until('the same number of messages everywhere', isEqual);
  await verifyAll(nodes, writers);
}, 240_000);

test('the verifier of these tests refuses a proof in which one bit is another', async () => {
  const node = await Daemon.start(workspace, 'proof');
  const message = await node.post('to be proved');
  const proof = await node.get<ProofView>(`/messages/${message.id}/proof`);
  new Verifier().verify(message, proof);
  for (const field of ['object', 'root', 'signature', 'author'] as const) {
    const bytes = Buffer.from(proof[field], 'hex');
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      const changed = { ...proof, [field]: flipped.toString('hex') };
      expect(() => {
        new Verifier().verify(message, changed);
      }).toThrow();
    }
  }
  expect(() => {
    new Verifier().verify({ ...message, text: 'to be prove' }, proof);
  }).toThrow('text');
});
