import { genesisAnchor } from '../../../consensus/anchor.ts';
import { Disk } from '../../../consensus/sim/disk.ts';
import { createPeople, type People } from '../../../consensus/sim/electorate.ts';
import { tableSignatures } from '../../../consensus/sim/keys.ts';
import { type Host, SimNode } from '../../../consensus/sim/node.ts';
import type { Plan } from '../../../consensus/sim/plan.ts';
import { EventQueue } from '../../../consensus/sim/queue.ts';
import { Random } from '../../../consensus/sim/random.ts';
import type { Anchor, Delivery, JournalEntry, Message, ReplicaConfig } from '../../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../../consensus/wire.ts';
import { encodeEntry } from '../../../node/driver/journal-entries.ts';
import { createState } from '../../../protocol/governance/create.ts';

/** What all nodes together did so far: nothing that depends on a clock or a scheduler. */
export interface Counts {
  readonly messages: number;
  /** As encoded by consensus/wire.ts, once a recipient. What gossip and encryption add is not in it. */
  readonly sentBytes: number;
  readonly fsyncs: number;
  readonly journalRecords: number;
  readonly journalBytes: number;
  readonly signatures: number;
  readonly verifications: number;
  readonly segments: number;
  /** Of one node. */
  readonly blocks: number;
}

const DELAY_MS = 1;
const SYNC_MS = 1;
/** As the driver takes them (node/driver/driver.ts). */
const INPUTS_PER_TURN = 256;

type Counting = { -readonly [Key in keyof Counts]: Counts[Key] };

/**
 * Nodes on good links in virtual time, each with the step and the codec of production and without any checker: the same
 * plan does the same work to the last byte on every machine.
 */
export class CountedWorld implements Host {
  readonly people: People;
  readonly nodes: readonly SimNode[];
  readonly #counts: Counting = {
    ...{ messages: 0, sentBytes: 0, fsyncs: 0, journalRecords: 0, journalBytes: 0 },
    ...{ signatures: 0, verifications: 0, segments: 0, blocks: 0 },
  };
  readonly #queue = new EventQueue<() => void>();
  readonly #encoded = new WeakMap<Message, Uint8Array>();
  nowMs = 0;

  constructor(plan: Plan) {
    const random = new Random(plan.seed);
    const signatures = tableSignatures();
    const { verify } = signatures;
    this.people = createPeople(plan, signatures, random.fork());
    const { chain, roster, genesis, signers } = this.people;
    const start = genesisAnchor(chain);
    this.nodes = signers.map((own, self) => {
      const config: ReplicaConfig = {
        ...{ chain, roster, self, shards: plan.shards },
        ...{ viewTimerMs: plan.viewTimerMs, blockIntervalMs: plan.blockIntervalMs },
        sign: (message) => {
          this.#counts.signatures += 1;
          return own.sign(message);
        },
        verify: (key, message, signature) => {
          this.#counts.verifications += 1;
          return verify(key, message, signature);
        },
      };
      const disk = new CountedDisk(start, this.#counts);
      const links = { skewMs: 0, driftPermille: 0, inboxMax: Number.MAX_SAFE_INTEGER, inputsPerSync: INPUTS_PER_TURN };
      const disks = { syncMs: SYNC_MS, stall: 0, stallMs: 0, ledgerSync: 0, compact: 0, agent: false };
      const of = { index: self, config, disk, random: random.fork() };
      const setup = { ...of, createState: () => createState(genesis), plant: undefined };
      return new SimNode({ ...setup, ...links, ...disks }, this);
    });
  }

  counts(): Counts {
    return { ...this.#counts };
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.push(this.nowMs + Math.ceil(delayMs), run);
  }

  /** Let everything happen up to a virtual time. */
  runUntil(atMs: number): void {
    while ((this.#queue.nextAtMs ?? Number.POSITIVE_INFINITY) <= atMs) {
      const next = this.#queue.pop();
      if (next === undefined) break;
      this.nowMs = next.atMs;
      next.event();
    }
    this.nowMs = atMs;
  }

  carry(): void {}

  withoutSeat(): readonly number[] {
    return [];
  }

  send(from: number, to: number, message: Message): void {
    let bytes = this.#encoded.get(message);
    if (bytes === undefined) {
      bytes = encodeMessage(message);
      this.#encoded.set(message, bytes);
    }
    this.#counts.messages += 1;
    this.#counts.sentBytes += bytes.length;
    const sent = bytes;
    this.after(DELAY_MS, () => this.nodes[to]?.receive(from, decodeMessage(sent)));
  }

  /** @throws Error when a node gives up: such a run counts nothing */
  deliver(node: SimNode, delivery: Delivery): void {
    if (delivery.kind === 'violation') throw new Error(`node ${node.index}: ${delivery.invariant} ${delivery.facts}`);
    if (delivery.kind === 'sealed') this.#counts.segments += 1;
    if (delivery.kind === 'executed' && node.index === 0) this.#counts.blocks += 1;
  }
}

class CountedDisk extends Disk {
  readonly #counts: Counting;

  constructor(start: Anchor, counts: Counting) {
    super(start);
    this.#counts = counts;
  }

  override append(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      this.#counts.journalRecords += 1;
      this.#counts.journalBytes += encodeEntry(entry).bytes.length;
    }
    super.append(entries);
  }

  override syncJournal(): void {
    this.#counts.fsyncs += 1;
    super.syncJournal();
  }
}
