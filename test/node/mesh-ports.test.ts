// The mesh over real links in memory, with published addresses in place of feeds.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicKey } from '../../src/identity.ts';
import { Mesh, type Candidate } from '../../src/node/mesh.ts';
import { buildMeshPorts, watchFor } from '../../src/node/mesh-ports.ts';
import { identityAt, Rig, type RigNode } from '../support/net-rig.ts';

let rig: Rig;
const meshes: Mesh[] = [];
beforeEach(() => {
  rig = new Rig();
});
afterEach(async () => {
  for (const mesh of meshes.splice(0)) mesh.close();
  await rig.close();
  expect(rig.time.pending).toBe(0);
});

interface Meshed {
  readonly node: RigNode;
  readonly mesh: Mesh;
  readonly members: Map<PublicKey, readonly string[]>;
  readonly candidates: () => readonly Candidate[];
}

async function join(index: number): Promise<Meshed> {
  const node = await rig.node(index);
  const members = new Map<PublicKey, readonly string[]>();
  const ports = buildMeshPorts({
    network: node.network,
    ...{
      clock: rig.time,
      timers: rig.time,
      random: { unit: () => 0.5, bytes: () => new Uint8Array() },
    },
    chat: {
      reachable: () => [...members].map(([pk, addresses]) => ({ pk, addresses })),
      people: { addressesOf: (pk: PublicKey) => members.get(pk) ?? [] } as never,
    },
  });
  const mesh = new Mesh(ports);
  meshes.push(mesh);
  node.watcher = watchFor(
    () => mesh,
    () => undefined,
  );
  mesh.start();
  return { node, mesh, members, candidates: () => ports.candidates() };
}

test('only members that can be dialed are candidates, each address in one form and once', async () => {
  const { members, candidates } = await join(0);
  const [b, c, d] = [1, 2, 3].map((index) => identityAt(index).publicKey) as [
    PublicKey,
    PublicKey,
    PublicKey,
  ];
  members.set(b, ['h:0080', 'h:80', 'no address', '[::1]:9']);
  members.set(c, ['h', 'h:0', '::1:9']);
  members.set(d, ['h:1']);
  expect(candidates()).toEqual([
    { pk: b, addresses: ['h:80', '[::1]:9'] },
    { pk: d, addresses: ['h:1'] },
  ]);
});

test('a configured peer is a candidate only while it rests, at its configured address as well', async () => {
  const a = await join(0);
  const b = await join(1);
  a.members.set(b.node.pk, ['elsewhere:1']);
  rig.dial(a.node, b.node);
  await rig.settle();
  expect(a.candidates()).toEqual([]);
  b.node.network.part(a.node.pk);
  await rig.settle();
  expect(a.candidates()).toEqual([{ pk: b.node.pk, addresses: ['node1:7', 'elsewhere:1'] }]);
});

test('eleven nodes come to 6 to 8 links over real handshakes, and stay as they are', async () => {
  const nodes: Meshed[] = [];
  for (let i = 0; i < 11; i++) nodes.push(await join(i));
  for (const { node, members } of nodes) {
    for (const other of nodes)
      if (other.node !== node) members.set(other.node.pk, [`${other.node.name}:7`]);
  }
  for (const { mesh } of nodes) mesh.candidatesChanged();
  await rig.advance(60_000);
  const links = () => nodes.map(({ node }) => node.open.map(({ link }) => link.peer).sort());
  const settled = links();
  for (const each of settled) {
    expect(each.length).toBeGreaterThanOrEqual(6);
    expect(each.length).toBeLessThanOrEqual(8);
  }
  const made = nodes.map(({ node }) => node.links.length);
  await rig.advance(120_000);
  expect(links()).toEqual(settled);
  expect(nodes.map(({ node }) => node.links.length)).toEqual(made);
});
