// The values that the examples of /openapi.json are made of: one message, one group, one peer. Each
// example is run by a test.
import type { GroupView, MessageView, PeerView } from '../chat/view.ts';

export const exampleKey = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
export const examplePeerKey = 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025';
export const exampleId = 'c4227c7b2d5b2e4f0c43b4b3b6a5a1d3a0c0b8ad5a7b6d1f0e2d3c4b5a697887';
export const exampleGroup = '1f6b2c9d4e8a7f305162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8';
export const exampleInvite = '9d0e1f3c5a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f';

export const exampleMessage: MessageView = {
  id: exampleId,
  cursor: '0000000000000001',
  group: exampleGroup,
  author: exampleKey,
  name: 'alice',
  seq: 1,
  index: 0,
  time: '2026-11-22T05:10:00.123Z',
  kind: 'text',
  text: 'disk full on db1',
  reply_to: null,
  replies: 0,
  edited: false,
  deleted: false,
  hidden: false,
  pinned: false,
  priority: null,
  ack: null,
  reactions: { '👍': [examplePeerKey] },
  mentions: [],
  mine: true,
  delivery: { stored: [examplePeerKey], members: 2 },
};

export const examplePage = { messages: [exampleMessage], next: exampleMessage.cursor, more: false };

export const exampleGroupView: GroupView = {
  id: exampleGroup,
  name: 'ops',
  topic: 'who is on call',
  encrypted: true,
  role: 'founder',
  state: 'active',
  members: 2,
  unread: 1,
  mentions: 0,
  read_cursor: '0000000000000000',
  last_message: exampleMessage,
  kind: 'group',
  founder: exampleKey,
  history: true,
  retention: { age_s: null, bytes: null },
  join: null,
};

export const examplePeer: PeerView = {
  pk: examplePeerKey,
  name: 'bob',
  address: `${examplePeerKey}@10.0.0.2:8870`,
  state: 'connected',
  reason: null,
  reason_code: null,
  agent: 'skychat-node/0.1.0',
  since: '2026-11-22T05:00:00.000Z',
  last_inbound: '2026-11-22T05:09:59.500Z',
  rtt_ms: 0.4,
  behind: 0,
  ahead: 0,
  bytes_in: 5120,
  bytes_out: 4096,
};
