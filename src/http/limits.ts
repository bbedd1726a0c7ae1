// The bounds of the HTTP surface, each with its reason. Times that a test wants shorter are in
// HttpTimes.
import { postingLimits, searchLimits } from '../chat/limits.ts';

/** Bytes of UTF-8 in one message's text. */
export const textBytesMax = 64 * 1024;

/** JSON may spend six bytes on each byte of the text (`\u0000`); the rest is for the other fields. */
export const bodyBytesMax = 6 * textBytesMax + 128 * 1024;

/** The largest segment in a bundle of its own, in base64, and what is around it. */
export const bundleBodyBytesMax = 2 * 1024 * 1024;

/** Request line and headers together; the requests of this surface need a few hundred. */
export const headerBytesMax = 16 * 1024;

/** Ids are 64 characters, names of groups shorter than this; a longer path part names nothing. */
export const pathPartCharsMax = 256;

/** A cursor is opaque, but the surface hands on nothing longer than it ever gave out. */
export const cursorCharsMax = 128;

/** A line of words that somebody wrote. */
export const searchCharsMax = searchLimits.queryCharsMax;

export const idempotencyKeyCharsMax = 255;

/** One page; with the longest texts it is 64 MiB, the most that one answer costs. */
export const pageMessagesMax = 1000;
export const pageMessagesDefault = 50;

/** Long polls hold a place among the readers, so they must come back within a minute. */
export const waitSecondsMax = 60;

/** `min_peers` beyond this names no mesh; the wait is bounded because a request holds a socket. */
export const minPeersMax = 10_000;
export const replicationMsMax = postingLimits.timeoutMsMax;
export const replicationMsDefault = postingLimits.timeoutMsDefault;

/** Groups of which skychat's shapes remember whether two talk there; who is forgotten is asked again. */
export const talksMax = 4096;

/** Those of skychat, for its clients. */
export const historyMessagesDefault = 100;
export const historyMessagesMax = 1000;
export const skychatWaitMsMin = 100;

/** An id that a caller gives a request is written into answers and the log. */
export const requestIdCharsMax = 128;

/**
 * How far a caller may be ahead of the rate at which it may write for good: at 200 a second, four
 * million writes, which is hours of a busy bot, minutes of one that runs away, and a gigabyte or so
 * on the disk of every member.
 */
export const writesAheadSeconds = 20_000;

/** Callers whose writes are counted: tokens and addresses. Who is forgotten begins anew. */
export const callersMax = 4096;

/** Event streams, followers and long polls together: each holds a socket and one wait. */
export const readersMax = 512;

/** Sockets in all; more than this is a client that leaks them. */
export const connectionsMax = 2048;

/** Messages that a stream reads at a time; what a paused reader did not take is read again. */
export const streamPageMessages = 32;

/** What is read at once for all streams that have everything: what arrives in a tenth of a second. */
export const sharedPageMessages = 256;

/** What streams that have everything are written at a time; the reader's pause comes between two. */
export const sharedBlockCharsMax = 64 * 1024;

/**
 * After each round of writes to all streams, the next waits this many times as long as the round took:
 * 500 readers take 5 ms, and so a third of the processor. What arrives meanwhile shares one write.
 */
export const roundPauseFactor = 2;

/** No reader waits longer than this for what has arrived, however many there are. */
export const roundPauseMsMax = 12;

/** A stream pauses once this much waits for its reader, so one that never reads costs no more. */
export const streamQueueBytesMax = 256 * 1024;

/**
 * Peers, groups and read markers whose latest state waits for one reader; beyond it the reader is told
 * of a gap.
 */
export const happeningsMax = 1024;

/** Keys with which a group can begin: each is an operation of its roster, and more can be added. */
export const membersOfDraftMax = 256;

/** Groups of one token; who needs more is not limited by them. */
export const groupsOfTokenMax = 64;

/** A topic is one line above a conversation. */
export const topicCharsMax = 256;

/** A hundred years: longer ones mean no bound, and their microseconds would be no safe integer. */
export const spanSecondsMax = 100 * 366 * 86_400;

/** An invite ends after a week where nothing else is asked for. */
export const inviteSecondsDefault = 7 * 86_400;

/** More keys than a group has members. */
export const inviteUsesMax = 1_000_000;

/** A bound beyond any disk. */
export const bytesKeptMax = 2 ** 50;

/** Noise on the port is counted each time but logged at most this often. */
export const noiseLogMs = 1000;

/** How long a refused connection may still send before it is cut. */
export const lingerMs = 1000;

/** How often a closing surface looks for connections that have nothing left to do. */
export const closeSweepMs = 20;

/** Milliseconds. */
export interface HttpTimes {
  /** Comments on event streams; the contract says at least every 15 s. */
  readonly keepAliveMs: number;
  /** For the headers of a request to arrive. */
  readonly headersMs: number;
  /** For the whole request to arrive, the body with it. Answers have no such bound. */
  readonly requestMs: number;
  /** Without a byte in either direction; longer than any wait. Streams have no such bound. */
  readonly stalledMs: number;
  /** How long a close waits for requests in flight before it ends their connections. */
  readonly closeMs: number;
}

export const httpTimes: HttpTimes = {
  keepAliveMs: 10_000,
  headersMs: 10_000,
  requestMs: 30_000,
  stalledMs: replicationMsMax + 60_000,
  closeMs: 3_000,
};
