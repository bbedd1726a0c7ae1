// The systems that are compared. Names only.

/** Those that take part as participants: each a library in a process of its own. */
export const peers = ['skychat', 'hypercore', 'ssb'] as const;
export type Peer = (typeof peers)[number];

/** `daemon` is skychat-node as its users run it, asked over HTTP. */
export type SystemName = Peer | 'daemon';

export const labels: Readonly<Record<SystemName, string>> = {
  skychat: 'skychat-node',
  daemon: 'its daemon',
  hypercore: 'hypercore',
  ssb: 'ssb-db2 + ssb-ebt',
};
