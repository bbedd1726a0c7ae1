// The engine of a node with its store and its links, embedded in this process: what a node is but
// for HTTP and for the question who is a member.
import type { Entry } from '../../../src/cxo/entry.ts';
import type { PublicKey } from '../../../src/identity.ts';
import type { Endpoint, Link, LinkHandler } from '../../../src/net/transport.ts';
import type { Runner } from '../../../src/sync/runner.ts';
import { built } from '../../support/built.ts';
import type { Listening, OpenParticipant, Participant, ReadText } from './participant.ts';
import { serve } from './serve.ts';

const { labelOf } = await built('chat/content/labels');
const { buildText, parseContent } = await built('chat/content/message');
const { roomOfName } = await built('chat/room');
const { draftOf } = await built('cxo/draft');
const { silentLogger, systemClock, systemRandom, systemTimers } = await built('env');
const { Network } = await built('net/network');
const { tcpTransport } = await built('net/tcp');
const { openStorage } = await built('node/storage');
const { openGroups } = await built('sync/groups');
const { Runner: BuiltRunner } = await built('sync/runner');

type Storage = Awaited<ReturnType<typeof openStorage>>;

const group = roomOfName('lobby').id;
const ports = {
  clock: systemClock,
  random: systemRandom,
  timers: systemTimers,
  logger: silentLogger,
};
const loopback: Endpoint = { host: '127.0.0.1', port: 0 };

const openSkychat: OpenParticipant = async (directory, onArrival) => {
  const storage = await openStorage({
    ...{ data: directory, keyFile: `${directory}/identity.key`, ...ports },
    beforeWriting: () => Promise.resolve(),
  });
  const runner = openRunner(storage, (entries) => {
    for (const entry of entries) onArrival(textOf(entry));
  });
  const network = new Network({
    ...{ identity: storage.identity, transport: tcpTransport, ...ports },
    isAllowed: () => true,
    onLink: (link: Link): LinkHandler => runner.openLink(link),
  });
  const append = (text: string): Promise<unknown> =>
    runner.append(group, draftOf(buildText(text, undefined, systemRandom.bytes(16))));
  const participant: Participant = {
    fill: () => Promise.reject(new Error('its stores are made by bench/support/prepare.ts')),
    ownFeed: storage.identity.publicKey,
    append,
    appendAll: (texts) => Promise.all(texts.map(append)),
    // Every feed of the group is replicated.
    follow: () => undefined,
    async listen(): Promise<Listening> {
      const { port } = await network.listen(loopback);
      return { port, name: storage.identity.publicKey };
    },
    connect({ port, name }) {
      network.addPeer({ pk: name as PublicKey, ...loopback, port });
    },
    wireBytes: () =>
      network.peers().reduce((sum, { link }) => {
        const { bytesIn = 0, bytesOut = 0 } = link?.stats() ?? {};
        return sum + bytesIn + bytesOut;
      }, 0),
    async close() {
      await network.close();
      await runner.close();
      await storage.close();
    },
  };
  return participant;
};

function openRunner(storage: Storage, onArrived: (entries: readonly Entry[]) => void): Runner {
  const { identity, store, archive, ownHead } = storage;
  return new BuiltRunner({
    ...{ identity, store, archive, ownHead, labelOf, ...ports },
    agent: 'bench',
    soon: setImmediate,
    forkProofs: [],
    groups: openGroups([group], () => true),
    ownFeedsKnown: true,
    headMin: 0,
    onArrived,
    onWithdrawn: () => undefined,
    onDelivered: () => undefined,
    onBan: () => undefined,
  });
}

function textOf({ object }: Entry): ReadText {
  return () => {
    const content = parseContent(object);
    return content.type === 'text' ? content.text : '';
  };
}

await serve(openSkychat);
