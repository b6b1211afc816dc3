import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { shardOfItem } from '../../consensus/chains/leftovers.ts';
import { isAwaitingState } from '../../consensus/epoch-place.ts';
import { stepAll } from '../../consensus/replica.ts';
import type { Delivery, Input } from '../../consensus/types.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import { admittedObservers } from '../../protocol/governance/lookups.ts';
import type { EpochProof } from '../../protocol/receipt/epoch-proof.ts';
import type { AgentMode } from '../config/config.ts';
import { type Identity, noSeatError } from '../config/identity.ts';
import type { Trusted } from '../config/trusted-file.ts';
import { createMetrics, type GaugeName } from '../metrics/registry.ts';
import { Counters } from '../network/counters.ts';
import { createNetwork, type Network, type NetworkHandlers } from '../network/network.ts';
import type { NodeApi, NodeStatus } from '../rpc/node-api.ts';
import type { HomePaths } from '../storage/home.ts';
import type { KeyLock } from '../storage/key-lock.ts';
import { markDamaged } from '../storage/ledger-files.ts';
import { agentGauges, agentSources } from './agent-metrics.ts';
import { AgentRoom, type Batching, createBatching } from './agent-room.ts';
import { answersOf } from './archive.ts';
import type { Booted, BootOptions } from './boot.ts';
import { Compaction } from './compaction.ts';
import { handOn } from './deliveries.ts';
import { Driver, type DriverPorts, SYSTEM_CLOCK } from './driver.ts';
import { checkDialNames, networkOptionsOf, peersOf, replicaConfigOf, rosterPeers } from './engine-options.ts';
import { beginAtTrusted, EpochTurn, putProofs } from './epoch-turn.ts';
import { failureOf, type NodeFailure, reportFailure, VIOLATION_FILE } from './failure.ts';
import { Forwarder } from './forwarder.ts';
import { Head } from './head.ts';
import { encodeEntry } from './journal-entries.ts';
import { KeyWatch } from './key-watch.ts';
import { LedgerCare, type LedgerCareOptions } from './ledger-care.ts';
import { LedgerReader } from './ledger-reader.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { ModelKeys } from './model-keys.ts';
import { createNodeApi } from './node-api.ts';
import { isLevel, statusOf } from './node-status.ts';
import { ObserverFeed } from './observer-feed.ts';
import { createReceiver } from './receiver.ts';
import { bootOrRepair, isLedgerDamage } from './repair.ts';
import { mendSources } from './repair-mend.ts';
import { createRepairTools, repairPeersOf } from './repair-network.ts';
import { Rosters } from './rosters.ts';
import { SeatedSubmissions } from './seated-submissions.ts';
import { SnapshotRoom } from './snapshots/snapshot-room.ts';
import { Submissions } from './submissions.ts';
import { createSubmitDesk } from './submit-desk.ts';
import { Transport } from './transport.ts';
import { tapNetwork, type WireTap } from './wire-tap.ts';

export interface EngineOptions extends Omit<BootOptions, 'batches'> {
  readonly paths: HomePaths;
  readonly identity: Identity;
  /** Multiaddrs. */
  readonly listen: readonly string[];
  /** Multiaddrs by the names of validators, in the place of those in the roster. */
  readonly dial?: ReadonlyMap<string, string>;
  readonly version: string;
  readonly log: Logger;
  /** Called once, when the node stopped by itself: nothing is signed any more. */
  readonly onFailure: (failure: NodeFailure) => void;
  readonly journalBytesMax?: number;
  /** Blocks kept below the newest snapshot; undefined: all. */
  readonly retentionBlocks?: number | undefined;
  /** Default: adaptive. */
  readonly agentMode?: AgentMode;
  /** Of an operator who wants to know that this is the network meant; there is no start beside it. */
  readonly trusted?: Trusted | undefined;
  readonly lock?: KeyLock | undefined;
  /** For tests: writes down all that comes in. */
  readonly tap?: WireTap | undefined;
  readonly scrub?: LedgerCareOptions;
}

/** How long a validator may take to seal and sync what is handed to it; and how often waiting items are looked at. */
const FORWARD_TIMEOUT_MS = 5_000;
const FORWARD_TICK_MS = 200;
const NONCE_BYTES = 16;

/** A node without its doors for people: replica, journal, ledger, network, and the loop that joins them. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #booted: Booted;
  readonly #network: Network;
  readonly #counters = new Counters();
  readonly #writer: LedgerWriter;
  readonly #reader: LedgerReader;
  readonly #rosters: Rosters;
  readonly #submissions: SeatedSubmissions;
  readonly #forwarder: Forwarder;
  readonly #observerFeed: ObserverFeed;
  #forwardTimer: NodeJS.Timeout | undefined;
  readonly #agent: AgentRoom;
  readonly #head: Head;
  readonly #modelKeys: ModelKeys;
  readonly #keyWatch: KeyWatch;
  readonly #driver: Driver;
  readonly #transport: Transport;
  readonly #snapshots: SnapshotRoom;
  readonly #epochTurn: EpochTurn;
  readonly #care: LedgerCare;
  readonly #ending = new AbortController();
  readonly #startedAtMs = performance.now();
  #failure: NodeFailure | undefined;
  #caughtUp = false;
  #isClosed = false;
  readonly api: NodeApi;

  /**
   * Boot, sync what follows from the journal, and only then open the network.
   * @throws WaggleError WAGGLE_BOOT_VIOLATION {path} and what `boot`, the journal and the network throw
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { identity, paths, log } = options;
    const violation = join(paths.directory, VIOLATION_FILE);
    const isStopped = existsSync(violation);
    if (isStopped && options.rejoin !== true) throw new WaggleError('WAGGLE_BOOT_VIOLATION', { path: violation });
    const config = replicaConfigOf(identity);
    const tools = createRepairTools({ network: networkOptionsOf(options), peersOf: rosterPeers(options), config, log });
    const batching = createBatching(options.agentMode ?? 'adaptive', config);
    const booting = { ...options, batches: batching.policy };
    const booted = await bootOrRepair(config, identity.genesis, paths, booting, tools);
    log.info({ event: 'node.booted', ...booted.facts, journal: booted.journal.stats() });
    let engine: Engine | undefined;
    try {
      beginAtTrusted(booted.replica, options.trusted);
      checkDialNames(options, booted.replica.config.roster);
      if (identity.isRotated && booted.replica.config.roster.epoch === 0 && options.rejoin !== true)
        throw noSeatError();
      // Not before the fence is on the disk: a start that fails on the way must not let the next one go without it.
      if (isStopped) await rename(violation, `${violation}.${Date.now()}`);
      engine = new Engine(options, booted, batching);
      await engine.#start();
      return engine;
    } catch (error) {
      await (engine === undefined ? closeBooted(booted) : engine.stop());
      throw error;
    }
  }

  private constructor(options: EngineOptions, booted: Booted, batching: Batching) {
    const { replica, journal, store } = booted;
    const names = (): readonly string[] => replica.config.roster.validators.map(({ name }) => name);
    const seat = (): number | undefined => replica.config.self;
    const push = (input: Input): boolean => this.#driver.push(input);
    this.#options = options;
    this.#booted = booted;
    const network = createNetwork(networkOptionsOf(options, replica.config));
    this.#network = options.tap === undefined ? network : tapNetwork(network, options.tap);
    this.#rosters = new Rosters(replica.config.chain, options.identity.genesis.validators);
    this.#writer = new LedgerWriter(store, replica.executed.height, (error) => this.#fail(error, []));
    this.#reader = new LedgerReader(this.#writer.overlay, this.#rosters.nameAt, {
      onDamage: (error) => this.#care.suspect(error),
      isHeld: (height) => height > this.#reader.floor.height && height <= this.#head.facts.height,
    });
    store.onFailure((error) => this.#fail(error, []));
    this.#forwarder = this.#createForwarder(names);
    this.#agent = new AgentRoom({ replica, journal, batching, peers: () => this.#network.peers() });
    const own = new Submissions((input) => this.#agent.watched(push)(input), seat);
    this.#submissions = new SeatedSubmissions(own, this.#forwarder, () => seat() !== undefined);
    this.#observerFeed = new ObserverFeed(seat, this.#toObservers());
    this.#head = new Head(replica.executed, (error) => options.log.error({ event: 'head.listener', err: error }));
    this.#modelKeys = new ModelKeys({
      directory: options.paths.modelKeys,
      lock: options.lock,
      registered: (model) => replica.state.models.get(model)?.key,
      onUnusable: (key) => options.log.warn({ event: 'key.unusable', ...key }),
    });
    this.#keyWatch = new KeyWatch({ ...options, ...options.identity, replica, push });
    this.#transport = new Transport(this.#network, names, push, this.#counters);
    this.#reader.floor = booted.floor;
    this.#snapshots = this.#createSnapshots(push);
    this.#epochTurn = new EpochTurn({
      ...{ replica, journal, writer: this.#writer, leaps: this.#snapshots.epochs },
      nonce: () => randomBytes(NONCE_BYTES),
      begun: (proofs) => this.#epochBegan(proofs),
    });
    const compaction = new Compaction(replica, journal, this.#writer, options.journalBytesMax);
    this.#driver = new Driver({
      clock: SYSTEM_CLOCK,
      step: (inputs, now) => stepAll(replica, inputs, now),
      append: (entries) => journal.append(entries.map(encodeEntry)),
      send: (send) => this.#transport.send(send),
      deliver: (deliveries) => this.#handOn(deliveries),
      room: () => this.#writer.room(),
      compaction: betweenTurns(this.#snapshots, compaction),
      epochs: this.#epochTurn,
      fail: (error, trace) => this.#fail(error, trace),
    });
    this.#care = this.#createCare(compaction);
    this.api = this.#createApi();
  }

  async #start(): Promise<void> {
    const { replica } = this.#booted;
    const { trusted } = this.#options;
    if (trusted !== undefined && isAwaitingState(replica)) putProofs(this.#writer, trusted.proofs);
    await this.#rosters.load(this.#reader, replica);
    this.#head.finalizedBy(await this.#reader.certificateFrom(replica.executed.height));
    const isUnknown = isAwaitingState(replica) && replica.config.self !== undefined;
    await this.#driver.start({ nonce: randomBytes(NONCE_BYTES), amnesia: this.#booted.amnesia || isUnknown });
    await this.#snapshots.start();
    this.#admitObservers();
    await this.#network.start(this.#createReceiver());
    // Beside everything else: a node whose models cannot vote is a node all the same.
    void this.#modelKeys.check();
    this.#care.start();
    this.#forwardTimer = setInterval(() => this.#forwarder.tick(), FORWARD_TICK_MS);
  }

  /** Own multiaddrs with the peer id. */
  addresses(): string[] {
    return this.#network.addresses();
  }

  /** For the heartbeat line. */
  gauges(): Readonly<Record<GaugeName, number>> {
    const { replica, journal } = this.#booted;
    const { bytes, syncs, lastSyncMs } = journal.stats();
    const { syncedHeight, pendingBytes } = this.#writer.facts();
    const care = this.#care.facts();
    return {
      consensus_view: replica.view,
      consensus_final_height: replica.finalHeight,
      ledger_executed_height: replica.executed.height,
      ledger_synced_height: syncedHeight,
      ledger_pending_bytes: pendingBytes,
      ledger_scrub_passes: care.passes,
      ledger_scrubbed_bytes: care.scrubbedBytes,
      ledger_damaged_records: care.damagedRecords,
      ledger_mended_records: care.mendedRecords,
      journal_size_bytes: bytes,
      journal_syncs: syncs,
      journal_last_sync_seconds: lastSyncMs / 1_000,
      driver_queued_inputs: this.#driver.queued,
      driver_pending_submissions: this.#submissions.size,
      network_connected_validators: this.#connected(),
      node_uptime_seconds: this.#uptimeMs() / 1_000,
      process_resident_bytes: process.memoryUsage.rss(),
      ...agentGauges(this.#agent.facts()),
    };
  }

  /** Finish the turn under way, tell nobody anything more, and close what was opened, the disks last. */
  async stop(): Promise<void> {
    clearInterval(this.#forwardTimer);
    this.#ending.abort();
    await this.#care.stop();
    this.#submissions.stop();
    this.#agent.stop();
    this.#transport.stop();
    await this.#snapshots.stop();
    await this.#driver.stop();
    await this.#network.stop();
    await this.#writer.close();
    this.#isClosed = true;
    await closeBooted(this.#booted);
  }

  #createReceiver(): NetworkHandlers {
    const { replica } = this.#booted;
    const receiver = createReceiver({
      replica,
      push: (input) => this.#driver.push(input),
      answers: (request) => answersOf(replica, this.#reader, request),
      snapshotAnswers: (request) => this.#snapshots.answers(request),
      counters: this.#counters,
      serveSubmit: createSubmitDesk({
        replica,
        submissions: this.#submissions,
        counters: this.#counters,
        nowMs: () => performance.now(),
        turn: () => SYSTEM_CLOCK.turn(),
      }),
    });
    return {
      ...receiver,
      onPeer: (name, connected) => {
        this.#options.log.info({ event: connected ? 'peer.connected' : 'peer.disconnected', peer: name });
        receiver.onPeer(name, connected);
        const validator = replica.config.roster.validators.findIndex((one) => one.name === name);
        if (connected) this.#forwarder.tick();
        else if (validator >= 0) this.#forwarder.disconnected(validator);
      },
    };
  }

  #createCare(compaction: Compaction): LedgerCare {
    const { replica, journal, store } = this.#booted;
    const { log, scrub = {} } = this.#options;
    const peers = repairPeersOf(this.#network, replica.config, this.#ending.signal, this.#counters);
    return new LedgerCare({
      store,
      mend: (pace) =>
        mendSources({
          config: replica.config,
          genesis: this.#options.identity.genesis,
          store,
          source: this.#writer.overlay,
          peers,
          executed: replica.executed,
          floorHeight: this.#reader.floor.height,
          pace,
        }),
      verifyJournal: (pace) => journal.verify(pace),
      onJournalDamage: (error) => {
        this.#counters.bump('journal.damaged');
        log.error({ event: 'journal.damaged', err: error });
        compaction.force();
        this.#driver.push({ kind: 'tick' });
      },
      onLost: (error) => this.#fail(error, []),
      log,
      nowMs: () => performance.now(),
      ...scrub,
    });
  }

  #createForwarder(names: () => readonly string[]): Forwarder {
    return new Forwarder({
      shardOf: (item) => shardOfItem(this.#booted.replica.config, item),
      reachable: () => {
        const reached = new Set(this.#network.peers().flatMap((peer) => (peer.connected ? [peer.name] : [])));
        return names().flatMap((name, index) => (reached.has(name) ? [index] : []));
      },
      request: (validator, request) =>
        this.#network.requestSubmit(names()[validator] ?? '', request, AbortSignal.timeout(FORWARD_TIMEOUT_MS)),
      counters: this.#counters,
      nowMs: () => performance.now(),
    });
  }

  #createSnapshots(push: (input: Input) => boolean): SnapshotRoom {
    const { identity, log } = this.#options;
    return new SnapshotRoom({
      replica: this.#booted.replica,
      genesis: identity.genesis,
      writer: this.#writer,
      reader: this.#reader,
      retentionBlocks: this.#options.retentionBlocks,
      trusted: this.#options.trusted?.checkpoint,
      network: this.#network,
      push,
      adopted: async (anchor, isLanding) => {
        this.#reader.floor = { height: anchor.height, hash: anchor.hash, ballotsHeight: anchor.height };
        this.#head.executed(anchor, undefined);
        if (isLanding) await this.#epochTurn.landed();
        else this.#admitObservers();
      },
      onFailure: (error) => this.#fail(error, []),
      log: (event, facts) => log.info({ event, ...facts }),
      counters: this.#counters,
    });
  }

  #toObservers() {
    return {
      send: (frame: Uint8Array) => this.#network.sendToObservers(frame),
      isHeard: () => this.#network.hasObservers(),
    };
  }

  /** N-03: everything that goes by the roster, the seat or the shards. */
  #epochBegan(proofs: readonly EpochProof[]): void {
    const { config, state } = this.#booted.replica;
    const { roster, shards, self } = config;
    const { epoch, validators } = roster;
    this.#driver.beginEpoch((item) => shardOfItem(config, item));
    for (const proof of proofs) this.#rosters.addProof(proof);
    this.#rosters.add(epoch, epochOf(state).sealedHeight, validators);
    this.#network.setRoster(peersOf(this.#options, validators), shards, self === undefined);
    this.#admitObservers();
    this.#agent.epochBegan();
    this.#forwarder.epochBegan();
    const facts = { epoch, seat: self ?? null, validators: validators.length, shards };
    this.#options.log.info({ event: 'epoch.began', ...facts });
  }

  /** Who the ledger lets in now. An observer lets nobody in. */
  #admitObservers(): void {
    const { config, state } = this.#booted.replica;
    if (config.self !== undefined) this.#network.setObservers(admittedObservers(state));
  }

  #createApi(): NodeApi {
    const { identity, version } = this.#options;
    return createNodeApi({
      replica: this.#booted.replica,
      genesis: identity.genesis,
      version,
      network: this.#network,
      reader: this.#reader,
      rosters: this.#rosters,
      submissions: this.#submissions,
      head: this.#head,
      name: identity.name,
      operatorKey: identity.operatorKey,
      modelKeys: this.#modelKeys,
      status: () => this.#status(),
      agent: () => this.#agent.facts(),
      metricsText: createMetrics({
        network: () => this.#network.counters(),
        driver: () => this.#counters.snapshot(),
        gauges: () => this.gauges(),
        ...agentSources(() => this.#agent.facts()),
      }),
    });
  }

  #handOn(deliveries: readonly Delivery[]): void {
    this.#agent.take(deliveries);
    for (const delivery of deliveries) {
      this.#snapshots.take(delivery);
      if (delivery.kind !== 'executed') continue;
      if (this.#booted.replica.config.self !== undefined) this.#observerFeed.take(delivery.executed);
      const tables = delivery.executed.touched.map(({ table }) => table);
      if (tables.includes('observers')) this.#admitObservers();
      if (tables.includes('changes')) void this.#keyWatch.look();
    }
    handOn(deliveries, {
      state: this.#booted.replica.state,
      writer: this.#writer,
      submissions: this.#submissions,
      head: this.#head,
      counters: this.#counters,
      onStanding: ({ author, muted, incarnation }) =>
        this.#options.log.warn({ event: muted ? 'chain.muted' : 'chain.restarted', author, incarnation }),
      onEvidence: ({ what, offender, view }) => this.#options.log.warn({ event: 'evidence', what, offender, view }),
    });
  }

  #status(): NodeStatus {
    this.#caughtUp ||= isLevel(this.#booted.replica);
    return statusOf({
      replica: this.#booted.replica,
      connected: this.#connected(),
      writable: this.#booted.store.writable(),
      failure: this.#failure?.line,
      damage: this.#care.reason(),
      uptimeMs: this.#uptimeMs(),
      caughtUp: this.#caughtUp,
    });
  }

  #connected(): number {
    return this.#network.peers().filter(({ validator, connected }) => validator && connected).length;
  }

  #uptimeMs(): number {
    return Math.floor(performance.now() - this.#startedAtMs);
  }

  /** Sign nothing more. What is known goes to a file first, since the process is about to end. */
  #fail(error: unknown, trace: readonly string[]): void {
    if (this.#failure !== undefined || this.#isClosed) return;
    const failure = failureOf(error);
    this.#failure = failure;
    void this.#driver.stop();
    this.#submissions.stop();
    const { paths, log, onFailure } = this.#options;
    if (isLedgerDamage(error)) markLedger(paths.ledger, failure.line);
    log.fatal({ event: 'node.failed', code: failure.code, err: error });
    if (failure.exitCode === 70) reportFailure(paths.directory, failure, this.#booted.replica, error, trace);
    onFailure(failure);
  }
}

/** What is done while no turn runs; the snapshot first, since its node can do nothing else. */
function betweenTurns(snapshots: SnapshotRoom, compaction: Compaction): DriverPorts['compaction'] {
  return {
    isDue: () => snapshots.isDue() || compaction.isDue(),
    run: () => (snapshots.isDue() ? snapshots.run() : compaction.run()),
  };
}

/** So that the next start repairs; a disk that does not even take that is for the operator to see. */
function markLedger(ledger: string, reason: string): void {
  try {
    markDamaged(ledger, reason);
  } catch {
    return;
  }
}

async function closeBooted({ journal, store }: Booted): Promise<void> {
  await journal.close();
  await store.close();
}
