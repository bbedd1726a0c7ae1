// An agent as the SDK has it: a client that starts the compiled server and talks to it over stdio.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import { inject } from 'vitest';

export interface Called<T> {
  readonly isError: boolean;
  readonly text: string;
  readonly value: T;
}

export interface AgentOptions {
  /** Folder in which it keeps how far it has read. */
  readonly state: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Agent {
  readonly client: Client;
  readonly #transport: StdioClientTransport;

  private constructor(client: Client, transport: StdioClientTransport) {
    this.client = client;
    this.#transport = transport;
  }

  static async start({ state, flags = [], env = {} }: AgentOptions): Promise<Agent> {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [inject('mcp'), '--state', state, ...flags],
      env: { PATH: process.env['PATH'] ?? '', HOME: state, ...env },
      stderr: 'pipe',
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    return new Agent(client, transport);
  }

  get pid(): number {
    return this.#transport.pid ?? 0;
  }

  async call<T = Record<string, unknown>>(
    name: string,
    args: Record<string, unknown> = {},
    options: RequestOptions = {},
  ): Promise<Called<T>> {
    const result = await this.client.callTool({ name, arguments: args }, undefined, {
      timeout: 120_000,
      ...options,
    });
    const content = result.content as readonly { readonly text?: string }[];
    const text = content.map((each) => each.text ?? '').join('\n');
    return { isError: result.isError === true, text, value: result.structuredContent as T };
  }

  /** The value of a call that has to succeed. */
  async ask<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
    const { isError, text, value } = await this.call<T>(name, args);
    if (isError) throw new Error(`${name}: ${text}`);
    return value;
  }

  /** As a client ends a server. */
  close(): Promise<void> {
    return this.client.close();
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.client.onclose = resolve;
    });
    process.kill(this.pid, 'SIGKILL');
    await gone;
  }
}
