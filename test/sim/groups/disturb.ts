// What the people of a simulated room do, and what happens to their nodes, at times from the seed.
import {
  buildInvite,
  inviteKeyOf,
  parseInvite,
  type Invite,
} from '../../../src/chat/groups/invite.ts';
import type { PublicKey } from '../../../src/identity.ts';
import type { Partition } from '../links.ts';
import type { Member } from './member.ts';
import type { GroupUnderTest, GroupWorld } from './world.ts';

const weekMicros = 7 * 24 * 3_600_000_000;
/** From the fault of a node to its next start, milliseconds. */
const downMsMax = 3000;
const partitionMsMax = 9000;

interface Issued {
  readonly group: GroupUnderTest;
  readonly link: string;
  readonly invite: Invite;
}

/** Runs the schedule to the moment before everything is healed. */
export async function disturb(world: GroupWorld): Promise<void> {
  const { schedule, time, random, links } = world;
  const begin = time.now;
  links.faults = schedule.faults;
  const times = (count: number, act: () => void): void => {
    for (let i = 0; i < count; i++) time.at(begin + random.between(0, schedule.durationMs), act);
  };
  let texts = 0;
  times(schedule.texts, () => {
    const group = world.pick(world.groups);
    const node = group && world.pick(world.membersOf(group));
    if (group !== undefined && node !== undefined) world.say(node, group, `text ${texts++}`);
  });
  times(schedule.notes, () => {
    note(world);
  });
  times(schedule.operations, () => {
    operate(world);
  });
  times(schedule.invites, () => {
    invite(world);
  });
  times(schedule.crashes, () => {
    crash(world);
  });
  times(schedule.partitions - schedule.duels, () => {
    divide(world);
  });
  times(schedule.duels, () => {
    duel(world);
  });
  times(schedule.jumps, () => {
    world.jumpedMicros += weekMicros + random.below(weekMicros);
  });
  times(schedule.hostiles * 12, () => {
    defy(world);
  });
  await time.runUntil(begin + schedule.durationMs);
}

function note(world: GroupWorld): void {
  const { random } = world;
  const [id, { by }] = world.pick([...world.ledger.texts]) ?? ['', { by: undefined }];
  if (by === undefined) return;
  const drawn = random.unit();
  world.attempt(by, 'note', ({ chat }) => {
    if (drawn < 0.4) return chat.noting.edit(id, `edited ${random.below(1000)}`);
    return drawn < 0.7 ? chat.noting.erase(id) : chat.noting.react(id, '👍', random.chance(0.7));
  });
}

/** One operation of a roster, by somebody who may do it, as far as it knows; mostly. */
function operate(world: GroupWorld): void {
  const { random } = world;
  const group = world.pick(world.groups.filter(({ isDirect }) => !isDirect));
  if (group === undefined) return;
  const node = world.pick(world.membersOf(group, random.chance(0.95)));
  const roster = node?.life?.chat.book.find(group.id)?.roster;
  if (node === undefined || roster === undefined) return;
  const isIn = (key: PublicKey): boolean => roster.isMember(key);
  const keys = world.nodes.map(({ key }) => key).filter((key) => key !== node.key);
  const inside = world.pick(keys.filter(isIn));
  const outside = world.pick(keys.filter((key) => !isIn(key)));
  const drawn = random.unit();
  const { id } = group;
  if (drawn < 0.3 && outside !== undefined) {
    const history = random.chance(0.5);
    world.attempt(node, 'add', ({ chat }) => chat.groups.add(id, outside, { history }));
  } else if (drawn < 0.5 && inside !== undefined) {
    world.attempt(node, 'remove', ({ chat }) => chat.groups.remove(id, inside));
  } else if (drawn < 0.65 && inside !== undefined) {
    world.attempt(node, 'promote', ({ chat }) => chat.groups.promote(id, inside));
  } else if (drawn < 0.72 && outside !== undefined) {
    world.attempt(node, 'promote', ({ chat }) => chat.groups.promote(id, outside));
  } else if (drawn < 0.82) {
    const key = random.chance(0.2) ? node.key : inside;
    if (key !== undefined) world.attempt(node, 'demote', ({ chat }) => chat.groups.demote(id, key));
  } else if (drawn < 0.92) {
    const leaver = world.pick(world.membersOf(group));
    if (leaver !== undefined) world.attempt(leaver, 'leave', ({ chat }) => chat.groups.leave(id));
  } else {
    const said = { name: `name ${random.below(1000)}`, topic: `topic ${random.below(1000)}` };
    world.attempt(node, 'describe', ({ chat }) => chat.groups.describe(id, said));
  }
}

/** An invite, those who come by it over any member, and sometimes its revocation. */
function invite(world: GroupWorld): void {
  const { random } = world;
  const group = world.pick(world.groups.filter(({ isDirect }) => !isDirect));
  const admin = group && world.pick(world.membersOf(group, true));
  if (group === undefined || admin === undefined) return;
  const uses = random.chance(0.3) ? null : 1 + random.below(2);
  const expiresInS = random.chance(0.2) ? 5 : null;
  const history = random.chance(0.5);
  world.attempt(admin, 'invite', async ({ chat }) => {
    const made = await chat.groups.invite(group.id, { uses, expiresInS, history });
    const parsed = parseInvite(made.invite);
    if (parsed === 'invite-altered') throw new Error('an own invite does not parse');
    join(world, admin, { group, link: made.invite, invite: parsed });
  });
}

function join(world: GroupWorld, admin: Member, { group, invite: made }: Issued): void {
  const { random, time } = world;
  const later = (msMax: number, act: () => void): void => {
    time.after(random.between(0, msMax), act);
  };
  const joiners = 1 + random.below(4);
  for (let i = 0; i < joiners; i++) {
    later(5000, () => {
      const joiner = world.pick(world.nodes);
      // Over anybody: a member, or somebody who only carries the group.
      const door = world.pick(world.membersOf(group)) ?? admin;
      const nodes = [{ pk: door.key, addresses: [`${door.name}.example:7000`] }];
      const link = buildInvite(admin.options.identity, { ...made, nodes });
      if (joiner !== undefined) world.attempt(joiner, 'join', ({ chat }) => chat.groups.join(link));
    });
  }
  if (!random.chance(0.4)) return;
  later(5000, () => {
    const revoker = world.pick(world.membersOf(group, true)) ?? admin;
    world.attempt(revoker, 'revoke', ({ chat }) =>
      chat.groups.revoke(group.id, inviteKeyOf(made.seed)),
    );
  });
}

function crash(world: GroupWorld): void {
  const { random, time } = world;
  const node = world.pick(world.nodes);
  if (node?.running !== true) return;
  if (random.chance(0.6)) node.crashMidway(random.below(20));
  time.after(random.between(0, 300), () => {
    if (node.running) node.crash();
    node.clockError = world.drawClockError();
    time.after(random.between(1, downMsMax), () => {
      if (!node.running) node.start();
    });
  });
}

function divide(world: GroupWorld): ReadonlyMap<Member, number> {
  const { random, time, links, nodes } = world;
  const sides = new Map(nodes.map((node) => [node, random.below(2)]));
  const partition: Partition = { sides, isOneWay: false };
  links.partition(partition);
  time.after(random.between(500, partitionMsMax), () => {
    links.partition(undefined);
  });
  return sides;
}

/** Two admins in the halves of a partition remove each other, and go on as if nothing had happened. */
function duel(world: GroupWorld): void {
  const { random, time } = world;
  const sides = divide(world);
  for (const group of world.groups) {
    const admins = world.membersOf(group, true);
    const one = world.pick(admins);
    const other = world.pick(admins.filter((node) => sides.get(node) !== sides.get(one ?? node)));
    if (group.isDirect || one === undefined || other === undefined) continue;
    for (const [by, against] of [
      [one, other],
      [other, one],
    ] as const) {
      time.after(random.between(0, 1500), () => {
        world.attempt(by, 'duel', ({ chat }) => chat.groups.remove(group.id, against.key));
        world.say(by, group, `${by.name} is right`);
      });
      time.after(random.between(1500, 3000), () => {
        const key = world.pick(world.nodes)?.key ?? by.key;
        world.attempt(by, 'add', ({ chat }) => chat.groups.add(group.id, key, { history: true }));
        world.say(by, group, `${by.name} goes on`);
      });
    }
  }
}

function defy(world: GroupWorld): void {
  const hostility = world.pick(world.hostiles);
  const group = hostility && world.pick(hostility.grudges());
  if (hostility === undefined || group === undefined) return;
  const keys = world.nodes.map(({ key }) => key);
  world.attempt(hostility.node, 'defy', (life) => hostility.act(life, group, keys));
}
