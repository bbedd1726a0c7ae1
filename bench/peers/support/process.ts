// A participant in a process of its own, asked one thing after the other.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { JsonLines } from '../../support/lines.ts';
import { stop, type Workspace } from '../../support/workspace.ts';
import type { CommandName, Input, Output } from '../participants/commands.ts';
import { participantFile } from './installed.ts';
import type { Peer } from './systems.ts';

/** For what is still on its way to the disk. */
const closeMs = 20_000;

export class ParticipantProcess {
  readonly #child: ChildProcess;
  readonly #lines: JsonLines;

  constructor(workspace: Workspace, system: Peer, directory: string) {
    this.#child = workspace.spawn([participantFile(system), directory], {
      profile: system === 'skychat',
    });
    this.#lines = new JsonLines(this.#child, system);
  }

  /** Only one question may be open at a time. */
  async ask<Name extends CommandName>(
    command: Name,
    ...[input]: undefined extends Input<Name> ? [] : [Input<Name>]
  ): Promise<Output<Name>> {
    this.#child.stdin?.write(`${JSON.stringify({ command, input })}\n`);
    return (await this.#lines.read()) as Output<Name>;
  }

  /** Everything is on disk then, unless it took too long. */
  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.write(`${JSON.stringify({ command: 'close' })}\n`);
    const patience = new AbortController();
    const late = sleep(closeMs, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([exited, late]);
    patience.abort();
    await stop(this.#child);
  }
}
