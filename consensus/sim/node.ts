import type { Segment } from '../../protocol/chain/segment.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { toHex } from '../../protocol/hex.ts';
import { chunkLeaf, snapshotRoot } from '../../protocol/snapshot/snapshot.ts';
import { isStale, snapshotChunks } from '../../protocol/snapshot/stream.ts';
import { answer } from '../answer.ts';
import type { Leftover } from '../chains/leftovers.ts';
import { isEpochOver } from '../epoch-place.ts';
import { beginEpoch, configOf, inheritJournal } from '../epochs.ts';
import { createReplica, liveEntries, restore, stepAll } from '../replica.ts';
import type { Replica } from '../replica-state.ts';
import type {
  Delivery,
  ExecutedBlock,
  Input,
  JournalEntry,
  Message,
  Now,
  ReplicaConfig,
  Send,
  Signer,
} from '../types.ts';
import { isFetchRequest } from '../wire.ts';
import { AGENT_WINDOW_MS, SimAgent } from './agent.ts';
import { answerFromArchive } from './archive.ts';
import type { Disk } from './disk.ts';
import { nameOfNode, nodeOf } from './epoch-book.ts';
import type { Plant } from './plants.ts';
import type { Random } from './random.ts';

/** What a node needs of its world. */
export interface Host {
  readonly nowMs: number;
  after(delayMs: number, run: () => void): void;
  send(from: number, to: number, message: Message): void;
  deliver(node: SimNode, delivery: Delivery): void;
  /** Some validator seals what this node may not. */
  carry(node: SimNode, item: Leftover): void;
  /** Nodes that are not among these. */
  withoutSeat(seated: readonly number[]): readonly number[];
}

export interface NodeSetup {
  readonly index: number;
  readonly config: ReplicaConfig;
  readonly disk: Disk;
  readonly random: Random;
  readonly createState: () => GovernanceState;
  /** Of the wall clock; the monotonic clock starts anywhere at each boot. */
  readonly skewMs: number;
  /** Of the wall clock, beyond the true rate: parts of a thousand. */
  readonly driftPermille: number;
  readonly inboxMax: number;
  readonly syncMs: number;
  readonly stall: number;
  readonly stallMs: number;
  readonly ledgerSync: number;
  readonly compact: number;
  readonly inputsPerSync: number;
  readonly plant: Plant | undefined;
  /** Whether samples and a controller set its batches; otherwise they are fixed. */
  readonly agent: boolean;
}

/** Ballot shards there may be in any epoch. */
const SHARDS_MOST = 8;
/** What of the frames to all goes to nodes without a seat too (O-02). */
const FOR_OBSERVERS: ReadonlySet<Message['kind']> = new Set(['status', 'checkpoint', 'snapshot']);

/** Unix time at which every world begins. */
export const WORLD_STARTS_MS = 1_700_000_000_000;

/**
 * The driver in miniature, true to the contract of `Effects`: inputs are stepped, what they persist is synced, and only
 * then anything leaves or is told, and `synced` comes back. Inputs that arrive during a sync wait.
 */
export class SimNode {
  readonly index: number;
  readonly disk: Disk;
  readonly setup: NodeSetup;
  readonly #host: Host;
  replica: Replica | undefined;
  /** Keys it may have a seat by, the oldest first. */
  readonly keyring: Signer[];
  boots = 0;
  /** Its disk was lost once: it signs nothing it may have signed before, and seals nothing (F-01). */
  isWiped = false;
  /** Steps of the wall clock so far. */
  wallStepMs = 0;
  /** Inputs lost because too many were waiting. */
  dropped = 0;
  #mayStall = true;
  /** Ends the sync under way. */
  #endSync: (() => void) | undefined;
  #monoOffsetMs = 0;
  #inbox: Input[] = [];
  #syncing = false;
  /** Its epoch is over, and the next is on its way to the disk. */
  #isTurning = false;
  #wakeToken = 0;
  #agent: SimAgent | undefined;
  #isSampling = false;

  constructor(setup: NodeSetup, host: Host) {
    this.index = setup.index;
    this.keyring = [...(setup.config.keyring ?? [])];
    this.disk = setup.disk;
    this.setup = setup;
    this.#host = host;
  }

  get isSeated(): boolean {
    return this.replica !== undefined && this.replica.config.self !== undefined;
  }

  get isUp(): boolean {
    return this.replica !== undefined;
  }

  get waiting(): number {
    return this.#inbox.length;
  }

  now(): Now {
    const { nowMs } = this.#host;
    const { skewMs, driftPermille } = this.setup;
    const wallMs = WORLD_STARTS_MS + nowMs + skewMs + this.wallStepMs + Math.floor((nowMs * driftPermille) / 1_000);
    return { monoMs: nowMs + this.#monoOffsetMs, wallMs };
  }

  boot(): void {
    const { config, disk, createState, random, plant } = this.setup;
    this.boots += 1;
    this.#monoOffsetMs = random.below(1_000_000);
    this.#inbox = [];
    this.#syncing = false;
    this.#isTurning = false;
    const state = createState();
    disk.restoreRows(state);
    const anchor = disk.anchor();
    // It went down between the last block of an epoch and the journal of the next.
    const keyed = { ...config, keyring: this.keyring };
    const present = anchor.epoch === config.roster.epoch ? keyed : configOf(keyed, epochOf(state));
    if (disk.journalEpoch < anchor.epoch) {
      const ordered = disk.orderedIds();
      const isOrdered = ({ id }: Segment): boolean => ordered.has(toHex(id));
      this.#startJournal(anchor.epoch, inheritJournal(disk.journal(), present, isOrdered));
    }
    this.#agent = this.setup.agent ? new SimAgent(this.index, SHARDS_MOST, config.blockIntervalMs) : undefined;
    this.#isSampling = false;
    const replica = createReplica(present, state, anchor, this.#agent?.policy);
    for (const entry of disk.journal()) if (plant?.forgets?.(entry) !== true) restore(replica, entry);
    plant?.afterRestore?.(replica);
    this.replica = replica;
    const nonce = Uint8Array.from({ length: 16 }, () => random.below(256));
    const isNew = disk.journal().length === 0 && disk.journalEpoch === 0;
    const amnesia = this.isWiped && isNew && plant?.ignoresAmnesia !== true;
    this.give({ kind: 'start', nonce, amnesia });
  }

  /** The old journal is gone whole, or a planted bug keeps it. */
  #startJournal(epoch: number, entries: readonly JournalEntry[]): void {
    const { disk, plant } = this.setup;
    const kept = plant?.keepsJournal === true ? disk.journal() : [];
    disk.startEpoch(epoch, [...kept, ...entries]);
  }

  /** N-03: the last block is durable first, then the new journal, and only then anything of the next epoch is signed. */
  #turnEpoch(replica: Replica): void {
    const { disk, plant, random } = this.setup;
    const boot = this.boots;
    this.#isTurning = true;
    const later = (run: () => void): void =>
      this.#host.after(this.#syncDelayMs(), () => {
        if (this.boots === boot) run();
      });
    later(() => {
      disk.syncLedger();
      later(() => {
        beginEpoch(replica);
        this.#startJournal(replica.executed.epoch, liveEntries(replica));
        plant?.afterBegin?.(replica);
        if (plant?.keepsJournal === true) for (const entry of disk.journal()) restore(replica, entry);
        this.#isTurning = false;
        const nonce = Uint8Array.from({ length: 16 }, () => random.below(256));
        // What was said meanwhile was said by indices of the epoch before.
        this.#inbox = this.#inbox.filter(({ kind }) => kind === 'submit');
        this.#inbox.unshift({ kind: 'start', nonce });
        this.#run();
      });
    });
  }

  /** Last applied seq of a key, as far as this node knows. */
  seqOf(key: Uint8Array): number {
    return this.replica?.state.seqs.get(toHex(key)) ?? 0;
  }

  /** The machine dies with its disk. */
  wipe(): void {
    this.crash();
    this.disk.wipe();
    this.isWiped = true;
  }

  crash(): void {
    this.replica = undefined;
    this.boots += 1;
    this.#wakeToken += 1;
    this.disk.crash(this.setup.random);
  }

  receive(from: number, message: Message): void {
    if (this.replica === undefined) return;
    if (!isFetchRequest(message)) {
      if (this.#inbox.length >= this.setup.inboxMax) {
        this.dropped += 1;
        return;
      }
      const seat = this.#seatOf(from);
      if (seat >= 0) this.give({ kind: 'message', from: seat, message });
      return;
    }
    if (this.setup.plant?.refuses?.(message) === true) return;
    const held = answer(this.replica, message);
    const answers = held.length > 0 ? held : answerFromArchive(this.disk, message);
    for (const one of answers) this.#host.send(this.index, from, one);
  }

  /** ValidatorIndex of a node in this node's epoch; −1 for who has no seat. */
  #seatOf(node: number): number {
    const name = nameOfNode(node);
    return this.replica?.config.roster.validators.findIndex((one) => one.name === name) ?? -1;
  }

  give(input: Input): void {
    if (this.replica === undefined) return;
    this.#inbox.push(input);
    if (!this.#syncing && !this.#isTurning) this.#run();
  }

  /** Turns until there is nothing to do or a sync is under way. */
  #run(): void {
    while (!this.#syncing && !this.#isTurning && this.#inbox.length > 0 && this.replica !== undefined)
      this.#turn(this.replica);
  }

  #turn(replica: Replica): void {
    const { disk, plant, inputsPerSync } = this.setup;
    const now = this.now();
    const effects = stepAll(replica, this.#inbox.splice(0, inputsPerSync), now);
    plant?.afterStep?.(replica, effects, now);
    const { persist, mustSync, wakeAtMs } = effects;
    const [send, deliver] = [[...effects.send], [...effects.deliver]];
    disk.append(persist);
    this.#wakeAt(wakeAtMs);
    this.#sampleLater(replica);
    if (!mustSync) {
      this.#release(replica, send, deliver);
      return;
    }
    this.#syncing = true;
    if (plant?.sendsEarly === true) this.#release(replica, send.splice(0), []);
    if (plant?.tellsEarly === true) this.#tellEarly(replica, deliver);
    const boot = this.boots;
    const end = (): void => {
      if (this.boots !== boot || this.#endSync !== end) return;
      this.#endSync = undefined;
      disk.syncJournal();
      this.#release(replica, send, deliver);
      this.#syncing = false;
      this.#inbox.unshift({ kind: 'synced' });
      this.#run();
    };
    this.#endSync = end;
    this.#host.after(this.#syncDelayMs(), end);
  }

  /** Windows follow each other while there is work; targets change between steps only. */
  #sampleLater(replica: Replica): void {
    const agent = this.#agent;
    if (agent === undefined || this.#isSampling || !agent.hasWork(replica)) return;
    this.#isSampling = true;
    const boot = this.boots;
    this.#host.after(AGENT_WINDOW_MS, () => {
      if (this.boots !== boot || this.replica !== replica) return;
      this.#isSampling = false;
      agent.sample(replica, this.#host.nowMs);
      this.#sampleLater(replica);
    });
  }

  /** The disk is a good one from now on, and what it is at is done. */
  healDisk(): void {
    this.#mayStall = false;
    this.#endSync?.();
  }

  #syncDelayMs(): number {
    const { random, syncMs, stall, stallMs } = this.setup;
    const delayMs = syncMs === 0 ? 0 : random.between(1, syncMs);
    return stall > 0 && this.#mayStall && random.chance(stall) ? delayMs + random.below(stallMs) : delayMs;
  }

  /** For a planted bug: what was sealed is told as accepted while its sync is under way. */
  #tellEarly(replica: Replica, deliver: Delivery[]): void {
    for (const segment of replica.authors.unsynced()) {
      const ids = Array.from({ length: segment.header.count }, () => segment.id);
      this.#host.deliver(this, { kind: 'sealed', segment, ids });
    }
    deliver.splice(0, deliver.length, ...deliver.filter(({ kind }) => kind !== 'sealed'));
  }

  #release(replica: Replica, send: readonly Send[], deliver: readonly Delivery[]): void {
    const { plant } = this.setup;
    for (const { to, message } of send.map(asMessage)) {
      if (plant?.swallows?.(message) === true) continue;
      const { validators } = replica.config.roster;
      const receivers = (to === 'all' ? validators : [validators[to]]).flatMap((one) => (one ? nodeOf(one.name) : []));
      if (to === 'all' && FOR_OBSERVERS.has(message.kind)) receivers.push(...this.#host.withoutSeat(receivers));
      for (const node of receivers) if (node !== this.index) this.#host.send(this.index, node, message);
    }
    const executed: ExecutedBlock[] = [];
    for (const delivery of deliver) {
      this.#agent?.observe(delivery, this.#host.nowMs);
      if (delivery.kind === 'executed') executed.push(delivery.executed);
      if (delivery.kind === 'carry') this.#host.carry(this, delivery);
      if (delivery.kind === 'snapshot-due') this.#makeSnapshot(delivery);
      this.#host.deliver(this, delivery);
    }
    if (executed.length > 0) this.#store(replica, executed);
    if (executed.length > 0 && isEpochOver(replica)) this.#turnEpoch(replica);
  }

  #store(replica: Replica, executed: readonly ExecutedBlock[]): void {
    const { disk, random, ledgerSync, compact } = this.setup;
    disk.write(executed, replica.state);
    if (!random.chance(ledgerSync)) return;
    disk.syncLedger();
    // Everything that was promised is in the journal, so what lives is all that a restart needs.
    if (!this.#syncing && random.chance(compact)) disk.compact(liveEntries(replica));
  }

  /** In no time, but later: how long it takes is the driver's affair. */
  #makeSnapshot({ place, state }: Extract<Delivery, { kind: 'snapshot-due' }>): void {
    if (isStale(state)) return;
    const leaves = [...snapshotChunks(place, state)].flatMap((chunk) =>
      chunk === undefined ? [] : [chunkLeaf(chunk)],
    );
    const { chain, epoch, height, hash, history } = place;
    const snapshot = { chain, epoch, height, blockHash: hash, history, root: snapshotRoot(leaves) };
    const boot = this.boots;
    this.#host.after(1, () => {
      if (this.boots === boot) this.give({ kind: 'snapshot', snapshot });
    });
  }

  #wakeAt(atMs: number | undefined): void {
    this.#wakeToken += 1;
    if (atMs === undefined) return;
    const token = this.#wakeToken;
    this.#host.after(Math.max(0, atMs - this.now().monoMs), () => {
      if (token === this.#wakeToken) this.give({ kind: 'tick' });
    });
  }
}

function asMessage(send: Send): { readonly to: number | 'all'; readonly message: Message } {
  if (send.to === 'shard') return { to: 'all', message: { kind: 'segment', segment: send.segment } };
  return send;
}
