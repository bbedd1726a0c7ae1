// Bounds of the metrics. Numbers only.

/** Peers with series of their own: a mesh has 6 to 8 links for each node, a hub some dozens. */
export const peersShownMax = 64;
