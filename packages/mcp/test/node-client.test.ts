import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeDirectory, temporaryDirectory } from '../../../test/support/temporary.ts';
import { Rig } from './support/rig.ts';

async function folder(): Promise<string> {
  const path = await temporaryDirectory();
  onTestFinished(() => removeDirectory(path));
  return path;
}

/** What the model is told. */
async function told(rig: Rig, tool = 'whoami'): Promise<string> {
  const { isError, text } = await rig.call(tool);
  expect(isError).toBe(true);
  return text;
}

test('the token goes along, and a new one in the file needs no restart', async () => {
  const path = join(await folder(), 'token');
  writeFileSync(path, 'old\n');
  const rig = await Rig.start({ tokenFile: path });
  rig.node.token = 'new';
  const refused = await told(rig);
  expect(refused).toMatch(/^unauthorized: /);
  expect(refused).not.toContain('old');
  writeFileSync(path, 'new\n');
  expect(await rig.ask('whoami')).toMatchObject({ name: 'alice' });
});

test.each([
  ['is missing', undefined],
  ['holds two lines', 'one\ntwo'],
  ['is empty', '\n'],
])(
  'a token file that %s is named as the fault, and nothing of it is told',
  async (_how, content) => {
    const path = join(await folder(), 'token');
    if (content !== undefined) writeFileSync(path, content);
    const text = await told(await Rig.start({ tokenFile: path }));
    expect(text).toMatch(/^bad-token-file: /);
    expect(text).not.toContain('two');
  },
);

test('a node is found by runtime.json, also after it has moved', async () => {
  const data = join(await folder(), 'data');
  const rig = await Rig.start({ http: undefined, data, times: { patienceMs: 0 } });
  expect(await told(rig)).toMatch(
    /^unreachable-node: no node runs on .+ Start one with: skychat-node run/,
  );
  mkdirSync(data);
  const runtime = { pid: process.pid, http: rig.node.http };
  writeFileSync(join(data, 'runtime.json'), JSON.stringify(runtime));
  expect(await rig.ask('whoami')).toMatchObject({ name: 'alice' });
  writeFileSync(join(data, 'runtime.json'), '{"pid":');
  expect(await told(rig)).toMatch(/^unreachable-node: /);
});

test('what answers without being a node is named so', async () => {
  const server = createServer((_request, response) => response.end('<html>')).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const rig = await Rig.start({ http: `http://127.0.0.1:${address.port}` });
  expect(await told(rig)).toMatch(/^not-a-node: /);
});

test('a node that freezes is given up on, and the model is told', async () => {
  const rig = await Rig.start({ times: { requestMs: 20, patienceMs: 0 } });
  for (let more = 0; more < 8; more++)
    rig.node.faults.push({ path: 'GET /status', fault: 'freeze' });
  expect(await told(rig)).toMatch(/^unreachable-node: the node at .+ does not answer\. /);
});

test('a short absence of the node is not noticed', async () => {
  const rig = await Rig.start();
  rig.node.faults.push({ path: 'GET /messages', fault: 'closing' });
  rig.node.faults.push({ path: 'GET /messages', fault: 'lost-answer' });
  expect(await rig.ask('read')).toMatchObject({ messages: [] });
});
