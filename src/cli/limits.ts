// Every bound of the command line, with its reason. Numbers only.

/** A configuration is some lines; what is larger is another file named by mistake. */
export const configFileBytesMax = 1024 * 1024;
/** runtime.json is four short values. */
export const runtimeFileBytesMax = 16 * 1024;
export const tokenBytesMax = 16 * 1024;

/** The node takes 64 KiB of text; what is read beyond it only serves to say so. */
export const stdinBytesMax = 64 * 1024;
/** 1,000 messages of 64 KiB, most of them in characters that JSON writes with one or two bytes. */
export const answerBytesMax = 128 * 1024 * 1024;
/** Messages asked for at once while following: 200 of the largest are 13 MB. */
export const pageMax = 200;
/** The largest `limit` that the daemon takes. */
export const limitMax = 1000;

/** A daemon that has not answered by then hangs. Longer than its own wait for replication. */
export const answerMs = 90_000;
/** Who waits for a completion waits for nothing else; the program itself takes a third of a second. */
export const completionMs = 700;
/** Who watches learns soon that the daemon hangs. */
export const watchAnswerMs = 10_000;
/** How often `status --watch` asks; an interval shorter than the least only costs. */
export const watchMs = 1000;
export const watchMsMin = 100;
/** Ten times a second is as often as a number is read. */
export const firstSyncMs = 100;
/** Peers tell in several steps what they have: in sync is what stays so for this long. */
export const firstSyncSettleMs = 1000;
/** How long a daemon may take to close before the process ends without it; it promises 10 s. */
export const drainMs = 9_000;
/** The long poll's wait, seconds; proxies cut idle connections after 60. */
export const pollSeconds = 30;
/** What a search waits at most for the index of the daemon: 200,000 messages take a few seconds. */
export const searchSeconds = 30;
/** A long poll that is so much later than promised is taken for lost. */
export const pollGraceMs = 15_000;
/** Between attempts to reach a daemon that restarts: doubled from the first to the last. */
export const retryMsMin = 200;
export const retryMsMax = 5_000;
/** How often `groups join` looks how it gets on. */
export const joinLookMs = 250;
/** A service manager that does not take a word in this time is not waited for. */
export const notifyMs = 5_000;

// doctor

/** A daemon that has not answered one of the doctor's questions by then hangs. */
export const doctorAnswerMs = 10_000;
/** For a connection to the own machine. */
export const dialMs = 2_000;
/** A store grows by some of this in a day, and its upkeep needs room beside it. */
export const diskBytesMin = 256 * 2 ** 20;
/** A store of a GiB is some hundred files. */
export const inodesMin = 1_000;
/** 512 links, 512 readers, and the files of the store. */
export const filesMin = 1_100;
/** Clocks that are set by the network differ by less than a second. */
export const clockSkewMs = 30_000;
/** Refused feeds that `import` names line by line; --json has all. */
export const refusedShownMax = 10;
/** While the disk has as much to write as it takes. */
export const importPauseMs = 100;
/** One event of the stream: a message as JSON, with room for many reactions. */
export const eventCharsMax = 16 * 1024 * 1024;
/** An event stream has a sign of life every 15 s; one that is silent for so long is dead. */
export const streamSilentMs = 45_000;
/** Lines that wait for a daemon which restarts; more are refused and stay to be sent again. */
export const unsentMax = 100;
/** What the chat shows of a group when it is opened. */
export const chatPageMax = 20;
/** Messages that a number on the screen still names: the older ones are found by /search. */
export const chatRefsMax = 2_000;
/** How soon what was shown counts as read, and how often the delivery of one's own is looked at. */
export const chatReadMs = 500;
export const chatDeliveryMs = 1_000;
/** After this long a message has reached whom it reaches now. */
export const chatDeliveryMsMax = 60_000;
/** Two presses of Ctrl-C that are no further apart leave the chat. */
export const chatLeaveMs = 2_000;
