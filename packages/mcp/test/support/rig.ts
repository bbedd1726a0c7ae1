// A protocol server and a client of it in this process, over a fake node.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import { onTestFinished } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../../../../test/support/temporary.ts';
import { times as usualTimes, type Times } from '../../src/limits.ts';
import type { Options } from '../../src/options.ts';
import { serve } from '../../src/server.ts';
import type { Called } from './agent.ts';
import { FakeNode } from './fake-node.ts';

export interface RigOptions extends Partial<Options> {
  readonly times?: Partial<Times>;
  readonly node?: FakeNode;
}

export class Rig {
  readonly node: FakeNode;
  readonly client: Client;
  readonly warnings: string[];
  readonly state: string;

  private constructor(node: FakeNode, client: Client, state: string, warnings: string[]) {
    this.node = node;
    this.client = client;
    this.state = state;
    this.warnings = warnings;
  }

  static async start({ times, node: given, ...options }: RigOptions = {}): Promise<Rig> {
    const node = given ?? (await FakeNode.start());
    const state = options.state ?? (await temporaryDirectory());
    if (options.state === undefined) onTestFinished(() => removeDirectory(state));
    const [here, there] = InMemoryTransport.createLinkedPair();
    const warnings: string[] = [];
    const everything: Options = {
      ...{ http: node.http, data: '/nowhere', token: undefined, tokenFile: undefined, state },
      ...{ rules: { everywhere: true, to: [] }, agent: 'default', ...options },
    };
    await serve(there, everything, {
      warn: (message) => warnings.push(message),
      times: { ...usualTimes, retryMs: 5, retryMsMax: 20, ...times },
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(here);
    onTestFinished(() => client.close());
    return new Rig(node, client, state, warnings);
  }

  async call<T = Record<string, unknown>>(
    name: string,
    args: Record<string, unknown> = {},
    options: RequestOptions = {},
  ): Promise<Called<T>> {
    const result = await this.client.callTool({ name, arguments: args }, undefined, options);
    const content = result.content as readonly { readonly text?: string }[];
    const text = content.map((each) => each.text ?? '').join('\n');
    return { isError: result.isError === true, text, value: result.structuredContent as T };
  }

  /** The structured value of a call that has to succeed. */
  async ask<T = Record<string, unknown>>(
    name: string,
    args: Record<string, unknown> = {},
  ): Promise<T> {
    const { isError, text, value } = await this.call<T>(name, args);
    if (isError) throw new Error(`${name}: ${text}`);
    return value;
  }
}
