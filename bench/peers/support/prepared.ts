// Stores with feeds in them, made once and kept from run to run in .bench/; every user gets a copy.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { prepareFeeds as prepareOurs, prepareHistory } from '../../support/prepare.ts';
import { projectRoot, type Workspace } from '../../support/workspace.ts';
import { ParticipantProcess } from './process.ts';
import type { Peer } from './systems.ts';

export interface Prepared {
  readonly directory: string;
  readonly feeds: readonly string[];
}

export interface Shape {
  readonly feeds: number;
  readonly each: number;
}

/** Every message was appended alone: a root, or an entry, of its own. */
export async function prepare(workspace: Workspace, system: Peer, shape: Shape): Promise<Prepared> {
  if (system !== 'skychat') return preparePeer(workspace, system, shape);
  const { feeds, each } = shape;
  if (feeds === 1) {
    const directory = await prepareHistory(workspace, { inSegments: 0, single: each });
    return { directory, feeds: [] };
  }
  const { data, authors } = await prepareOurs(workspace, feeds, each);
  return { directory: data, feeds: authors };
}

async function preparePeer(workspace: Workspace, system: Peer, shape: Shape): Promise<Prepared> {
  const name = `peers-${system}-${shape.feeds}x${shape.each}`;
  const kept = join(workspace.cache, `${name}-${fingerprint()}`);
  if (!existsSync(kept)) {
    for (const entry of readdirSync(workspace.cache)) {
      if (entry.startsWith(`${name}-`)) rmSync(join(workspace.cache, entry), { recursive: true });
    }
    workspace.note(`preparing ${name}`);
    const draft = workspace.path(name);
    mkdirSync(draft);
    const participant = new ParticipantProcess(workspace, system, join(draft, 'store'));
    const feeds = await participant.ask('fill', shape);
    await participant.close();
    writeFileSync(join(draft, 'feeds.json'), JSON.stringify(feeds));
    renameSync(draft, kept);
  }
  const directory = workspace.path(name);
  cpSync(join(kept, 'store'), directory, { recursive: true });
  const feeds = JSON.parse(readFileSync(join(kept, 'feeds.json'), 'utf8')) as string[];
  return { directory, feeds };
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'participants/hypercore.ts', 'participants/ssb.ts']) {
    hash.update(readFileSync(join(projectRoot, 'bench/peers', file)));
  }
  return hash.digest('hex').slice(0, 12);
}
