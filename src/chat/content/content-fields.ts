// What an object says, besides its salt. A type only.
import type { Value } from '../../cxo/codec.ts';

export interface ContentFields {
  readonly kind: string;
  readonly [key: string]: Value;
}
