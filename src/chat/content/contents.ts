// What entries say, found out once for each: the one place that the conversation asks, whether an
// object is plain or sealed for the members of a group.
import type { Entry } from '../../cxo/archive.ts';
import type { Content } from './message.ts';

export interface Contents {
  of(entry: Entry): Content;
}
