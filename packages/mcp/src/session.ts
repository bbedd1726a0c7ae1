// What the tools of one agent share. Types only.
import type { Cursors } from './cursors.ts';
import type { Deliveries } from './deliveries.ts';
import type { Directory } from './directory.ts';
import type { Times } from './limits.ts';
import type { NodeClient } from './node-client.ts';
import type { PostingRules } from './posting-rules.ts';

export interface Session {
  readonly client: NodeClient;
  readonly directory: Directory;
  readonly cursors: Cursors;
  readonly deliveries: Deliveries;
  readonly rules: PostingRules;
  readonly agent: string;
  readonly times: Times;
}
