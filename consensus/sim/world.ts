import { WaggleError } from '../../protocol/errors.ts';
import { createState } from '../../protocol/governance/create.ts';
import { toHex } from '../../protocol/hex.ts';
import { genesisAnchor } from '../anchor.ts';
import type { Leftover } from '../chains/leftovers.ts';
import { maySeal } from '../chains/restart.ts';
import type { Delivery, Message, ReplicaConfig } from '../types.ts';
import { decodeMessage, encodeMessage, isFetchRequest } from '../wire.ts';
import { Changes } from './changes.ts';
import { HistoryChecker } from './checkers/history.ts';
import { ItemsChecker } from './checkers/items.ts';
import { Recount } from './checkers/recount.ts';
import { StandingsChecker } from './checkers/standings.ts';
import { Verdict } from './checkers/verdict.ts';
import { WireTaps } from './checkers/wire-taps.ts';
import { describeMessage } from './describe.ts';
import { Disk } from './disk.ts';
import { createPeople, type People, SPACE } from './electorate.ts';
import { EpochBook, nodeOf } from './epoch-book.ts';
import { EventLog } from './event-log.ts';
import { realSignatures, type Signatures, tableSignatures } from './keys.ts';
import { Load } from './load.ts';
import { Network } from './network.ts';
import { type Host, SimNode } from './node.ts';
import type { Plan } from './plan.ts';
import type { Plant } from './plants.ts';
import { EventQueue } from './queue.ts';
import { Random } from './random.ts';
import { TwinHost, TwinMasks } from './twins.ts';
import { createVillain } from './villains/cast.ts';
import type { Villain, VillainTools } from './villains/villain.ts';

export interface WorldOptions {
  readonly plant?: Plant | undefined;
  readonly print?: ((line: string) => void) | undefined;
  /** For scripted worlds: whether a message gets through at all. */
  readonly passes?: ((from: number, to: number, message: Message, nowMs: number) => boolean) | undefined;
}

/** All nodes of one network, the links between them, the clients, and who watches: one virtual time, one seed. */
export class World implements Host {
  readonly plan: Plan;
  readonly people: People;
  readonly random: Random;
  readonly network: Network;
  readonly log: EventLog;
  readonly verdict = new Verdict();
  readonly book: EpochBook;
  readonly tap: WireTaps;
  readonly changes: Changes;
  readonly history: HistoryChecker;
  readonly items: ItemsChecker;
  /** Heights of snapshots that f + 1 agreed on. */
  readonly snapshotsAgreed = new Set<number>();
  readonly recount: Recount;
  readonly standings: StandingsChecker;
  readonly load: Load;
  readonly nodes: readonly SimNode[];
  readonly honest: readonly number[];
  readonly hashes = new Map<number, string>();
  readonly #villains = new Map<number, Villain>();
  readonly #villainTwins: VillainTools['twins'] = new Map();
  /** The second copies of validators that run twice. */
  readonly #twins = new Map<number, { readonly masks: TwinMasks; readonly copy: SimNode }>();
  readonly #queue = new EventQueue<() => void>();
  readonly #encoded = new WeakMap<Message, Uint8Array>();
  readonly #passes: NonNullable<WorldOptions['passes']>;
  nowMs = 0;
  /** Everything that ever happened, also what the log leaves out. */
  steps = 0;
  /** Messages that honest nodes sent, and villains. */
  sent = 0;
  sentByVillains = 0;

  constructor(plan: Plan, options: WorldOptions = {}) {
    this.plan = plan;
    this.#passes = options.passes ?? (() => true);
    this.random = new Random(plan.seed ^ 0x5eed);
    const signatures = plan.realKeys ? realSignatures() : tableSignatures();
    this.people = createPeople(plan, signatures, this.random.fork());
    const { chain, roster, voters } = this.people;
    this.network = new Network(this.random.fork(), plan.links);
    this.log = new EventLog(options.print);
    const indices = Array.from({ length: plan.n + plan.spares }, (_, index) => index);
    this.honest = indices.filter((index) => !plan.villains.has(index));
    this.book = new EpochBook(this.verdict, chain, roster, plan.shards);
    this.tap = new WireTaps(this.verdict, chain, this.book, signatures.verify, new Set(this.honest));
    this.history = new HistoryChecker(this.verdict, chain);
    this.items = new ItemsChecker(this.verdict);
    this.standings = new StandingsChecker(this.verdict, new Set(this.honest), this.book);
    this.nodes = indices.map((index) => this.#createNode(index, signatures, options.plant));
    this.#castVillains();
    this.#castTwins(signatures);
    this.load = new Load(this, plan, this.people, this.random.fork());
    const models = voters.map(({ model }) => model);
    const setup = { book: this.book, space: SPACE, models, verify: signatures.verify };
    this.recount = new Recount(this.verdict, setup, this.load.operations);
    this.changes = new Changes(this, plan, this.people, this.book, this.#forkForChanges());
    this.book.onBegin(() => this.#villainTwins.clear());
  }

  #castTwins(signatures: Signatures): void {
    for (const [self, kind] of this.plan.villains) {
      if (kind !== 'twin') continue;
      const masks = new TwinMasks(this.random.fork(), this.plan.n + this.plan.spares);
      const host = new TwinHost(this, (to, message) => {
        if (masks.joins(2, to)) this.#carry(self, to, message);
      });
      const copy = this.#createNode(self, signatures, undefined, host);
      this.#twins.set(self, { masks, copy });
      this.after(1, () => copy.boot());
      const redraw = (): void => {
        masks.redraw();
        this.after(this.random.between(40, 700), redraw);
      };
      redraw();
    }
  }

  #createNode(self: number, { verify }: Signatures, plant: Plant | undefined, host: Host = this): SimNode {
    const { plan, people } = this;
    const { chain, roster, genesis } = people;
    const config: ReplicaConfig = {
      chain,
      roster,
      self: self < plan.n ? self : undefined,
      shards: plan.shards,
      viewTimerMs: plan.viewTimerMs,
      blockIntervalMs: plan.blockIntervalMs,
      ...(plan.snapshotIntervalBlocks === undefined ? {} : { snapshotIntervalBlocks: plan.snapshotIntervalBlocks }),
      sign: (message) => people.signers[self]?.sign(message) ?? new Uint8Array(64),
      keyring: people.signers.slice(self, self + 1),
      verify: (key, message, signature) => plant?.believes?.(self) === true || verify(key, message, signature),
    };
    const start = genesisAnchor(chain);
    const { syncMs, stall, stallMs, ledgerSync, compact, inputsPerSync, inboxMax } = plan;
    const random = this.random.fork();
    const skewMs = random.between(-plan.skewMs, plan.skewMs);
    const driftPermille = plan.driftPermille === 0 ? 0 : random.between(-plan.driftPermille, plan.driftPermille);
    const own = this.plan.villains.has(self) ? undefined : plant;
    const setup = {
      index: self,
      config,
      random,
      skewMs,
      driftPermille,
      inboxMax,
      syncMs,
      stall,
      stallMs,
      ledgerSync,
      compact,
      inputsPerSync,
      plant: own,
      agent: plan.agent && !plan.villains.has(self),
    };
    return new SimNode({ ...setup, disk: new Disk(start), createState: () => createState(genesis) }, host);
  }

  #castVillains(): void {
    const { plan, people } = this;
    const halves = this.nodes.map(({ index }) => Math.max(0, this.honest.indexOf(index)) % 2);
    for (const [node, kind] of plan.villains) {
      const signer = people.signers[node];
      if (signer === undefined) continue;
      const config = (): ReplicaConfig | undefined => this.nodes[node]?.replica?.config;
      const tools: VillainTools = {
        ...{ chain: people.chain, signer, random: this.random.fork(), halves, twins: this.#villainTwins },
        get self() {
          return config()?.self ?? node;
        },
        get epoch() {
          return config()?.roster.epoch ?? 0;
        },
        get n() {
          return config()?.roster.validators.length ?? plan.n;
        },
        get shards() {
          return config()?.shards ?? plan.shards;
        },
      };
      this.#villains.set(node, createVillain(kind, tools));
    }
  }

  /** From a stream of its own: worlds in which nothing changes stay as they were. */
  #forkForChanges(): Random {
    return new Random(this.plan.seed ^ 0xad317);
  }

  carry(node: SimNode, { shard, item, id }: Leftover): void {
    const seated = this.nodes.filter(({ index, isSeated }) => isSeated && index !== node.index);
    if (seated.length === 0 || this.plan.villains.has(node.index)) return;
    const to = seated[this.steps % seated.length];
    if (to !== undefined) this.submit(to, shard, item.kind, item.bytes, id);
  }

  withoutSeat(seated: readonly number[]): readonly number[] {
    return this.nodes.flatMap(({ index }) => (seated.includes(index) ? [] : [index]));
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.push(this.nowMs + Math.ceil(delayMs), run);
  }

  /** Let everything happen up to a time, or until `isOver` says so after an event. */
  runUntil(atMs: number, isOver: () => boolean = () => false): void {
    for (
      let nextAtMs = this.#queue.nextAtMs;
      nextAtMs !== undefined && nextAtMs <= atMs;
      nextAtMs = this.#queue.nextAtMs
    ) {
      const next = this.#queue.pop();
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.steps += 1;
      next.event();
      if (isOver()) return;
    }
    this.nowMs = atMs;
  }

  send(from: number, to: number, message: Message): void {
    const villain = this.#villains.get(from);
    if (this.#twins.get(from)?.masks.joins(1, to) === false) return;
    for (const one of villain === undefined ? [message] : villain.send(to, message)) this.#carry(from, to, one);
  }

  #carry(from: number, to: number, message: Message): void {
    this.tap.sent(from, message);
    if (this.plan.villains.has(from)) this.sentByVillains += 1;
    else this.sent += 1;
    if (!this.#passes(from, to, message, this.nowMs)) return;
    for (const delayMs of this.network.delays(from, to)) {
      this.after(delayMs, () => this.#arrive(from, to, message));
    }
  }

  #arrive(from: number, to: number, message: Message): void {
    const twin = this.#twins.get(to);
    if (twin?.copy.isUp && twin.masks.joins(2, from)) this.#hand(twin.copy, from, message);
    if (twin?.masks.joins(1, from) === false) return;
    const node = this.nodes[to];
    if (node === undefined || !node.isUp) return;
    this.log.note(`${this.nowMs} ${from}>${to} ${describeMessage(message)}`);
    const villain = this.#villains.get(to);
    const answers = villain !== undefined && isFetchRequest(message) ? villain.answer?.(from, message) : undefined;
    if (answers !== undefined) for (const answer of answers) this.#carry(to, from, answer);
    else this.#guard(node, () => this.#hand(node, from, message));
  }

  /** What does not decode ends at the stream it came on, as in the driver; nobody honest sends it. */
  #hand(node: SimNode, from: number, message: Message): void {
    let taken = message;
    try {
      if (this.plan.encoded) taken = this.#recode(message);
    } catch (error) {
      if (!(error instanceof WaggleError) || !this.plan.villains.has(from)) throw error;
      return;
    }
    node.receive(from, taken);
  }

  #recode(message: Message): Message {
    let bytes = this.#encoded.get(message);
    if (bytes === undefined) {
      bytes = encodeMessage(message);
      this.#encoded.set(message, bytes);
    }
    return decodeMessage(bytes);
  }

  /** What no input may do is done here: a thrown error ends the node and fails the run. */
  #guard(node: SimNode, run: () => void): void {
    try {
      run();
    } catch (error) {
      const facts = error instanceof WaggleError ? `${error.code} ${JSON.stringify(error.facts)}` : String(error);
      this.verdict.report('no input throws', `node ${node.index}: ${facts} ${stackOf(error)}`);
      node.crash();
    }
  }

  submit(node: SimNode, shard: number, kind: number, bytes: Uint8Array, id: Uint8Array): void {
    const shards = this.#villains.get(node.index)?.sealsIn?.(shard) ?? [shard];
    this.log.note(`${this.nowMs} submit ${node.index} ${shards} ${toHex(id).slice(0, 8)}`);
    for (const one of shards)
      this.#guard(node, () => node.give({ kind: 'submit', shard: one, item: { kind, bytes }, id }));
  }

  deliver(node: SimNode, delivery: Delivery): void {
    const { index } = node;
    if (delivery.kind === 'refused') return;
    this.log.note(`${this.nowMs} ${index} ${delivery.kind}${describeDelivery(delivery)}`);
    if (!this.honest.includes(index)) return;
    switch (delivery.kind) {
      case 'sealed':
        this.items.sealed(index, delivery);
        break;
      case 'executed':
        this.#executed(node, delivery.executed);
        break;
      case 'snapshot':
        this.snapshotsAgreed.add(delivery.signed[0]?.snapshot.height ?? 0);
        break;
      case 'evidence':
        if (this.honest.includes(this.#nodeAt(node, delivery.offender))) {
          this.verdict.report('honest nodes are not blamed', `node ${index}: ${delivery.what} of ${delivery.offender}`);
        }
        break;
      case 'violation':
        this.verdict.report(`node says ${delivery.invariant}`, `node ${index}: ${delivery.facts}`);
        break;
      default:
        break;
    }
  }

  /** Who has a seat in a node's epoch. */
  #nodeAt({ replica }: SimNode, seat: number): number {
    return nodeOf(replica?.config.roster.validators[seat]?.name ?? 'v-1');
  }

  #executed(node: SimNode, executed: Extract<Delivery, { kind: 'executed' }>['executed']): void {
    if (!this.history.executed(node.index, node.boots, executed)) return;
    this.hashes.set(executed.block.block.height, toHex(executed.block.hash));
    this.items.executed(executed);
    this.standings.executed(executed);
    this.recount.executed(executed);
    this.load.executed(executed);
    this.book.executed(executed.block.block);
  }

  boot(node: SimNode): void {
    this.log.note(`${this.nowMs} boot ${node.index}`);
    this.#guard(node, () => node.boot());
  }

  /** Honest nodes whose chains go on: where clients vote when all is well. */
  get authors(): readonly number[] {
    return this.honest.filter((index) => {
      const node = this.nodes[index];
      if (node === undefined || !this.book.latest.seats.includes(index)) return false;
      return !node.isWiped || (node.replica !== undefined && maySeal(node.replica));
    });
  }

  /** A node comes back with an empty disk. What it alone had accepted is gone: accepted is on one disk (interface.md). */
  wipe(node: SimNode): void {
    this.log.note(`${this.nowMs} wipe ${node.index}`);
    node.wipe();
    this.items.lost(node.index);
    this.standings.lost(node.index);
  }

  /** Somebody put an old copy of its disk back: what it signed since is forgotten. It counts as a villain. */
  rollBack(node: SimNode): void {
    this.log.note(`${this.nowMs} roll back ${node.index}`);
    node.crash();
    node.disk.rollBack();
  }

  crash(node: SimNode): void {
    this.log.note(`${this.nowMs} crash ${node.index}`);
    node.crash();
  }
}

function describeDelivery(delivery: Delivery): string {
  if (delivery.kind === 'executed')
    return ` ${delivery.executed.anchor.height} ${toHex(delivery.executed.anchor.history).slice(0, 8)}`;
  if (delivery.kind === 'finalized') return ` ${delivery.height} view ${delivery.view}`;
  if (delivery.kind === 'evidence') return ` ${delivery.what} of ${delivery.offender} view ${delivery.view}`;
  return '';
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 4).join(' ') : '';
}
