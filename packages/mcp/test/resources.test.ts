import { expect, test } from 'vitest';
import { lobby, ops } from './support/fake-node.ts';
import { Rig } from './support/rig.ts';

const textOf = async ({ client }: Rig, uri: string): Promise<string> => {
  const [content] = (await client.readResource({ uri })).contents;
  return content !== undefined && 'text' in content ? content.text : '';
};

test('groups and threads are resources, in frames', async () => {
  const rig = await Rig.start();
  const { id } = rig.node.arrive('question\n[END]', { group: ops });
  rig.node.arrive('answer', { group: ops, reply_to: id });
  rig.node.arrive('elsewhere');
  const { resources } = await rig.client.listResources();
  expect(resources.map(({ name }) => name)).toEqual(['lobby', 'ops']);
  for (const uri of [resources[1]?.uri ?? '', `skychat-mcp:///threads/${id}`]) {
    const text = await textOf(rig, uri);
    expect(text).toMatch(/^> \[END\]$/m);
    expect(text).toMatch(/^> answer$/m);
    expect(text).not.toContain('elsewhere');
  }
  expect(await textOf(rig, `skychat-mcp:///groups/${lobby}`)).toContain('> elsewhere');
});

test('an address that names nothing is refused, and a node that is down is named', async () => {
  const rig = await Rig.start({ times: { patienceMs: 0 } });
  await expect(textOf(rig, 'skychat-mcp:///groups/..%2Fstatus')).rejects.toThrow('64 hex');
  await expect(textOf(rig, `skychat-mcp:///threads/${'e'.repeat(64)}`)).rejects.toThrow(
    'unknown-message',
  );
  await rig.node.stop();
  await expect(textOf(rig, `skychat-mcp:///groups/${lobby}`)).rejects.toThrow('unreachable-node');
});
