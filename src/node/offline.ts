// A node without links and without a control surface, for what is done to its files while it does not
// run: the same store, members and engine. It writes nothing of its own to its feeds.
import { existsSync } from 'node:fs';
import { Chat } from '../chat/chat.ts';
import type { NodeConfig } from '../config.ts';
import { systemClock, systemRandom, systemTimers, type Logger } from '../env.ts';
import { SkychatError } from '../errors.ts';
import { findKeyFile } from '../key-file.ts';
import { forkRowPrefix, parseForkRow } from '../sync/forks.ts';
import { Runner } from '../sync/runner.ts';
import { version } from '../version.ts';
import { BundleIntake } from './bundle-intake.ts';
import { openForgetting } from './forgetting-parts.ts';
import { groupRules } from './group-rules.ts';
import { PeerBook, peerRowPrefix } from './peer-book.ts';
import { openStorage, type Storage } from './storage.ts';

export interface OfflineNode {
  readonly chat: Chat;
  readonly storage: Storage;
  readonly bundles: BundleIntake;
  close(): Promise<void>;
}

const ports = { clock: systemClock, random: systemRandom, timers: systemTimers };

/** @throws SkychatError `bad-config` where there is no such node, `data-locked`, `store-damaged`, … */
export async function openOffline(config: NodeConfig, logger: Logger): Promise<OfflineNode> {
  if (!existsSync(config.data) || findKeyFile(config.keyFile) === undefined) {
    throw new SkychatError('bad-config', `no node has run on ${config.data} yet`, {
      hint: 'name another one with --data, or start the node once',
    });
  }
  const beforeWriting = (): Promise<void> => Promise.resolve();
  const storage = await openStorage({ ...config, ...ports, logger, beforeWriting });
  try {
    return await openParts(config, storage, logger);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function openParts(
  config: NodeConfig,
  storage: Storage,
  logger: Logger,
): Promise<OfflineNode> {
  const { identity, store, archive, ownHead } = storage;
  const peerBook = new PeerBook(config, await store.local(peerRowPrefix));
  await storage.knowsOwnFeed(true);
  let runner: Runner | undefined = undefined;
  const running = (): Runner => {
    if (runner === undefined) throw new Error('nothing is written before the engine runs');
    return runner;
  };
  const chat: Chat = await Chat.open({
    ...{ ...ports, identity, room: config.room, store, archive, configured: peerBook.keys() },
    joiner: () => nobodyJoins,
    ownAddresses: () => [],
    isExpired: (group, time) => forgetting.isExpired(group, time),
    writer: {
      append: () => Promise.reject(offline()),
      writeLocal: (local) => running().writeLocal(local),
    },
    delivery: { storedBy: () => [], onStored: () => () => undefined },
  });
  const { retainS } = config;
  const forgetting = openForgetting({ ...ports, logger, storage, retainS, chat, runner: running });
  const forkRows = await store.local(forkRowPrefix);
  runner = new Runner({
    ...{ ...ports, identity, store, archive, ownHead, logger },
    labelOf: (kind, object, place) => chat.book.labelOf(kind, object, place),
    agent: `skychat-node/${version}`,
    soon: setImmediate,
    forkProofs: forkRows.map(parseForkRow).filter((proof) => proof !== undefined),
    groups: groupRules(() => chat),
    shedding: forgetting,
    ownFeedsKnown: false,
    headMin: 0,
    onArrived: (entries) => {
      chat.arrived(entries);
      forgetting.arrived(entries);
    },
    onWithdrawn: () => {
      chat.forgetRecent();
    },
    onFrozen: (feed, seq) => {
      chat.frozen(feed, seq);
    },
    onDelivered: () => undefined,
    onBan: () => undefined,
  });
  chat.onGroups(() => {
    running().membersChanged();
    forgetting.rulesChanged();
  });
  await forgetting.start();
  const close = async (): Promise<void> => {
    chat.close();
    await forgetting.close();
    await running().close();
    await storage.close();
  };
  return { chat, storage, bundles: new BundleIntake({ runner: running, store }), close };
}

const nobodyJoins: ReturnType<Parameters<typeof Chat.open>[0]['joiner']> = {
  read: () => {
    throw offline();
  },
  begin: () => Promise.reject(offline()),
  cancel: () => Promise.reject(offline()),
  view: () => undefined,
};

function offline(): SkychatError {
  return new SkychatError('closing', 'the node does not run');
}
