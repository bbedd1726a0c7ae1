// Every bound of the net layer, with its reason. Numbers only; knows nothing of who keeps them.

// Frames and queues

/** Type and payload. Larger things are cut by the layer above, so that none holds up the others. */
export const frameBytesMax = 1024 * 1024;
/** From here on a sender waits: enough to fill 100 ms of a 10 MB/s link. */
export const queueSoftBytes = 1024 * 1024;
/** From here on the peer is taken not to read: four of the largest frames. */
export const queueHardBytes = 4 * 1024 * 1024;
/** Frames that wait for the owner of a link, or for the peer's acceptance: a hello and some more. */
export const heldBytesMax = 256 * 1024;
/** One call to the kernel. Progress is seen in steps of this size, so it bounds the slowest peer
 * that can still meet the write deadline: 8.7 KB/s. */
export const tcpWriteBytesMax = 256 * 1024;
/** What node reads from a socket at a time; a read that is as long as this has more behind it. */
export const tcpReadBytes = 64 * 1024;
/** Reasons come from peers and end in logs and on screens. */
export const reasonBytesMax = 64;

// Time

/** Three messages and two round trips, even over a satellite. */
export const handshakeMs = 5_000;
/** The responder may first probe an older link (2 s) or wait for a dial of its own (5 s). */
export const acceptMs = 10_000;
/** A cold start takes seconds, and TCP repeats its SYN after 1, 3 and 7 s (F11). */
export const connectMs = 15_000;
/** Each address of a host name but the last one; node gives up on one before it tries the next, so
 * that this must exceed the slowest round trip. */
export const addressMs = 2_500;
/** How often a link looks at its counters. */
export const linkTickMs = 1_000;
/** NAT tables forget idle TCP flows after minutes, some after 30 s. */
export const keepaliveTicks = 15;
/** Three keepalives lost. */
export const silentTicks = 45;
/** A peer that takes 256 KiB in less than this is slow, not dead. */
export const stalledTicks = 30;
/** How long an older link has to answer when a new one asks for its place. */
export const probeMs = 2_000;
/** Two dials that cross meet within one handshake; a link older than this is in use. */
export const crossingMs = 10_000;
/** How long a closed link may take to flush its last bytes. */
export const lingerMs = 1_000;

// Redialing

export const retryMsMin = 200;
export const retryMsMax = 30_000;
/** A peer that refused needs an operator to change something: try, but never in a tight loop. */
export const refusedRetryMsMin = 5_000;
export const refusedRetryMsMax = 60_000;
/** `already-connected` passes as soon as the peer finds its old link dead. */
export const connectedRetryMsMax = 5_000;
/** A link that lasted this long was a good one: the next failure starts from the beginning. */
export const stableMs = 30_000;

// Connections and peers

/** Each costs a file descriptor and about 1 ms to check its keys. */
export const unauthenticatedMax = 64;
/** Several nodes may share one address behind a NAT; one host must not take all the places. */
export const unauthenticatedOfAddressMax = 8;
/** With `--open` anybody can make keys; each link may queue 4 MiB. */
export const linksMax = 512;
/** Peers that only dialed in and are remembered for the operator. */
export const inboundPeersMax = 256;
/** Refused keys that an operator is shown: enough to find the one that is waited for. */
export const strangersMax = 16;
/** Who is refused dials again within a minute: who has not for so long has given up. */
export const strangerMs = 300_000;
/** Keys that were banned. The oldest ban is forgotten first. */
export const bansMax = 1_024;
export const banMsMin = 30_000;
export const banMsMax = 3_600_000;

// Logs

/** At most one line for each reason and address in this time; all are counted. */
export const logQuietMs = 10_000;
/** Pairs of reason and address that the log remembers. */
export const logKeysMax = 1_024;
