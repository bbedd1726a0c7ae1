// What is looked at before anything is written: files that the configuration names, and ports.
import { readFileSync } from 'node:fs';
import type { NodeConfig } from '../config.ts';
import { SkychatError } from '../errors.ts';
import type { Endpoint, Transport } from '../net/transport.ts';

/** @throws SkychatError `bad-config` */
export function readToken(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new SkychatError('bad-config', `cannot read the token file ${path}`, { cause: error });
  }
  if (token === '') throw new SkychatError('bad-config', `the token file ${path} is empty`);
  return token;
}

/** Whether both ports are free. */
export async function checkPorts(
  { listen, http }: NodeConfig,
  transport: Transport,
): Promise<void> {
  const endpoints: Endpoint[] = listen === undefined ? [] : [listen];
  if (http.kind === 'tcp') endpoints.push(http);
  for (const endpoint of endpoints) {
    if (endpoint.port === 0) continue;
    const listener = await transport.listen(endpoint, (stream) => {
      stream.destroy();
    });
    await listener.close();
  }
}
