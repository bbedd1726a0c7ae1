// Participants that are put together: one that has feeds and listens, others that follow it.
import type { Workspace } from '../../support/workspace.ts';
import type { Listening } from '../participants/participant.ts';
import { prepare, type Shape } from './prepared.ts';
import { ParticipantProcess } from './process.ts';
import type { Peer } from './systems.ts';

export interface Author {
  readonly process: ParticipantProcess;
  readonly directory: string;
  readonly at: Listening;
  readonly feeds: readonly string[];
}

/** A node that has the feeds already, and listens. */
export async function openAuthor(
  workspace: Workspace,
  system: Peer,
  shape: Shape,
): Promise<Author> {
  const { directory, feeds } = await prepare(workspace, system, shape);
  const process = new ParticipantProcess(workspace, system, directory);
  await process.ask('follow', { feeds });
  return { process, directory, at: await process.ask('listen'), feeds };
}

/** A node with an empty store that wants the feeds. */
export async function openReceiver(
  workspace: Workspace,
  system: Peer,
  feeds: readonly string[],
): Promise<{ readonly process: ParticipantProcess; readonly directory: string }> {
  const directory = workspace.path(`${system}-receiver`);
  const process = new ParticipantProcess(workspace, system, directory);
  await process.ask('follow', { feeds });
  return { process, directory };
}

/**
 * Nodes in a line, all of which replicate the feed of the first, which has one message; each is
 * linked to the one before it.
 */
export async function openLine(
  workspace: Workspace,
  system: Peer,
  length: number,
): Promise<readonly ParticipantProcess[]> {
  const line = Array.from(
    { length },
    (_, i) => new ParticipantProcess(workspace, system, workspace.path(`${system}-${i}`)),
  );
  const [first] = line;
  if (first === undefined) throw new Error('a line has a first');
  await first.ask('append', { count: 1, group: 1 });
  const feeds = [await first.ask('ownFeed')];
  let before: Listening | undefined;
  for (const process of line) {
    await process.ask('follow', { feeds });
    if (before !== undefined) {
      const { ms } = await process.ask('receive', { ...before, count: 1, patienceMs: 20_000 });
      if (ms === undefined) throw new Error(`${system}: the first message does not arrive`);
    }
    before = await process.ask('listen');
  }
  return line;
}
