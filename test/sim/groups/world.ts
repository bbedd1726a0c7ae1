// A room of simulated nodes with groups among them, under one schedule from one seed: what they do,
// and what is done to them.
import { utf8 } from '../../../src/bytes.ts';
import { sealingLimits } from '../../../src/chat/limits.ts';
import { sha256, type GroupId } from '../../../src/cxo/ids.ts';
import type { verifySegment } from '../../../src/cxo/segment.ts';
import { identityOfSeed, type Identity, type PublicKey } from '../../../src/identity.ts';
import { complete, random6To8 } from '../graph.ts';
import { noFaults, type FrameFilter } from '../links.ts';
import { SimNetwork } from '../network.ts';
import { SeededRandom } from '../random.ts';
import { VirtualTime } from '../timeline.ts';
import { Verdicts } from '../verdicts.ts';
import { defiant, Hostility } from './hostility.ts';
import { Ledger } from './ledger.ts';
import { isRefusal, Member, type Life } from './member.ts';
import type { GroupPlan, GroupSchedule } from './schedule.ts';

export interface GroupUnderTest {
  readonly id: GroupId;
  readonly name: string;
  readonly encrypted: boolean;
  readonly isDirect: boolean;
}

/** For breaking things on purpose. */
export interface GroupSabotage {
  readonly filter?: FrameFilter;
}

/** Until all stores are open and the links are up. */
const startMs = 1500;
/** For the groups to be made, and known to all. */
const setupMs = 2500;
const commitMsMax = 5;
const identities = new Map<number, Identity>();

export class GroupWorld {
  readonly schedule: GroupSchedule;
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly links: SimNetwork;
  readonly nodes: Member[] = [];
  readonly hostiles: Hostility[] = [];
  readonly groups: GroupUnderTest[] = [];
  readonly ledger = new Ledger();
  /** What should not have happened, in words. */
  readonly faults: string[] = [];
  /** How often what was asked for was refused, by code. */
  readonly refusals = new Map<string, number>();
  /** Operations that took place, by name. */
  readonly done = new Map<string, number>();
  /** Frames of which types came from whom to whom since it was last emptied. */
  readonly arrived = new Set<string>();
  jumpedMicros = 0;
  readonly #connected = new Set<string>();

  constructor(schedule: GroupSchedule, sabotage: GroupSabotage = {}) {
    this.schedule = schedule;
    this.random = new SeededRandom(schedule.seed);
    this.links = new SimNetwork(this.time, this.random, {
      filter: sabotage.filter,
      listener: {
        sent: () => undefined,
        arrives: (from, to, frameType) => {
          this.arrived.add(`${frameType} ${from.name} ${to.name}`);
        },
      },
    });
    // A constant to the program; nothing else runs in this process meanwhile.
    Object.assign(sealingLimits, { epochObjectsMax: schedule.epochObjectsMax });
    this.#makeNodes();
  }

  #makeNodes(): void {
    const { schedule, time, random, ledger } = this;
    const all = Array.from({ length: schedule.nodes }, (_, i) => identityOf(i));
    const configured = all.map(({ publicKey }) => publicKey);
    const verdicts = new Verdicts();
    const verify: typeof verifySegment = (...segment) => verdicts.verify(...segment);
    for (const [i, identity] of all.entries()) {
      // The founder of the first group keeps to the rules, or nobody would be left to.
      const isHostile = i > 0 && i <= schedule.hostiles;
      const node = new Member({
        ...{ identity, configured, time, random, verify, commitMsMax, name: `node${i}` },
        room: 'simulated room',
        links: () => this.links,
        dial: (from, to) => {
          const other = this.nodeOf(to);
          if (other !== undefined) this.#connect(from, other);
        },
        jumped: () => this.jumpedMicros,
        bend: (rules) => (isHostile ? defiant(rules) : rules),
        onBuilt: (by, group, draft) => ledger.watch(by, group, draft),
        onChange: (changed) => {
          ledger.look(changed);
        },
        onCrash: (crashed) => {
          this.links.down(crashed);
        },
      });
      node.clockError = this.drawClockError();
      this.nodes.push(node);
      if (isHostile) this.hostiles.push(new Hostility(node, random));
    }
  }

  /** Those that keep to the rules. */
  get honest(): Member[] {
    return this.nodes.filter((node) => !this.isHostile(node));
  }

  isHostile(node: Member): boolean {
    return this.hostiles.some((hostility) => hostility.node === node);
  }

  nodeOf(key: PublicKey): Member | undefined {
    return this.nodes.find((node) => node.key === key);
  }

  drawClockError(): number {
    const { clockErrorMax } = this.schedule;
    return Math.round(this.random.between(-clockErrorMax, clockErrorMax));
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[this.random.below(from.length)];
  }

  async start(): Promise<void> {
    const { nodes, time, random, schedule } = this;
    for (const node of nodes) node.start();
    const isSmall = nodes.length <= 9;
    const pairs = isSmall ? complete(nodes.length) : random6To8(nodes.length, random);
    for (const [a, b] of pairs) {
      const [one, other] = [nodes[a], nodes[b]];
      if (one !== undefined && other !== undefined) this.#connect(one, other);
    }
    await time.runUntil(startMs);
    for (const [i, plan] of schedule.groups.entries()) this.#found(i, plan);
    if (schedule.direct) this.#talkAlone();
    await time.runUntil(startMs + setupMs);
  }

  /** They keep the link, and dial it again when it breaks. */
  #connect(one: Member, other: Member): void {
    const name = [one.name, other.name].sort().join();
    if (this.#connected.has(name)) return;
    this.#connected.add(name);
    this.links.connect(one, other);
  }

  #found(index: number, plan: GroupPlan): void {
    const { encrypted, admins } = plan;
    const founder = this.nodes[index === 0 ? 0 : this.random.below(this.nodes.length)];
    if (founder === undefined) return;
    const others = this.#shuffled().filter((node) => node !== founder);
    const members = others.slice(0, plan.members - 1).map(({ key }) => key);
    const name = `group ${index}`;
    this.attempt(founder, 'create', async ({ chat }) => {
      const { id } = await chat.groups.create({ name, encrypted, members });
      this.groups.push({ id: id as GroupId, name, encrypted, isDirect: false });
      for (const key of members.slice(0, admins)) await chat.groups.promote(id, key);
    });
  }

  #talkAlone(): void {
    const [one, other] = this.#shuffled();
    if (one === undefined || other === undefined) return;
    this.attempt(one, 'direct', async ({ chat }) => {
      const { message } = await chat.posting.post({ text: 'the two of us', to: other.key }, {});
      const id = message.group as GroupId;
      this.groups.push({ id, name: 'direct', encrypted: true, isDirect: true });
      this.ledger.texts.set(message.id, { by: one, group: id });
    });
  }

  #shuffled(): Member[] {
    const order = this.nodes.map((node) => ({ node, at: this.random.unit() }));
    return order.sort((a, b) => a.at - b.at).map(({ node }) => node);
  }

  /** Lets a node do what its owner asks for; a refusal is an answer, anything else a fault. */
  attempt(node: Member, what: string, act: (life: Life) => Promise<unknown>): void {
    const { life } = node;
    if (life === undefined) return;
    this.time.touch();
    const count = (counts: Map<string, number>, name: string) =>
      counts.set(name, (counts.get(name) ?? 0) + 1);
    act(life).then(
      () => count(this.done, what),
      (error: unknown) => {
        if (isRefusal(error)) count(this.refusals, `${what}: ${error.code}`);
        else {
          const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
          this.faults.push(`${node.name} fails to ${what}: ${words}`);
        }
      },
    );
  }

  say(node: Member, group: GroupUnderTest, text: string): void {
    this.attempt(node, 'say', async ({ chat }) => {
      const { message } = await chat.posting.post({ text, group: group.id }, {});
      this.ledger.texts.set(message.id, { by: node, group: group.id });
    });
  }

  /** Who takes itself for a member, and is up. */
  membersOf(group: GroupUnderTest, isAdmin = false): Member[] {
    return this.nodes.filter((node) => {
      const found = node.life?.chat.book.find(group.id);
      if (found?.standing !== 'active') return false;
      return !isAdmin || found.roster.roleOf(node.key) !== 'member';
    });
  }

  /** Ends all faults; every node is up in a moment. */
  heal(): void {
    this.links.faults = noFaults;
    this.links.partition(undefined);
    for (const node of this.nodes) if (!node.running) node.start();
  }
}

/** Keys take longer to make than much of a simulation. */
function identityOf(number: number): Identity {
  const known = identities.get(number) ?? identityOfSeed(sha256(utf8(`member ${number}`)));
  identities.set(number, known);
  return known;
}
