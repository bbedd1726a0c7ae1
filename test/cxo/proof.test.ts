import { beforeAll, expect, test } from 'vitest';
import type { Proof } from '../../src/cxo/archive.ts';
import { emptyHead } from '../../src/cxo/feed.ts';
import { parseGroupId } from '../../src/cxo/ids.ts';
import { buildObject } from '../../src/cxo/object.ts';
import { verifyProof } from '../../src/cxo/proof.ts';
import { RootEncoder, type FeedId } from '../../src/cxo/root.ts';
import { rebuildRun, encodeEntry, type Run } from '../../src/cxo/segment.ts';
