import type { Replica } from '../../../consensus/replica-state.ts';
import type { Anchor, Delivery, Input, Message, SnapshotRequest } from '../../../consensus/types.ts';
import type { Genesis } from '../../../protocol/genesis.ts';
import type { Checkpoint } from '../../../protocol/receipt/checkpoint.ts';
import { faultBound } from '../../../protocol/roster.ts';
import type { Snapshot } from '../../../protocol/snapshot/snapshot.ts';
import type { Counters } from '../../network/counters.ts';
import type { Network } from '../../network/network.ts';
import { EndedSessions } from '../ended-sessions.ts';
import type { LedgerReader } from '../ledger-reader.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { EpochSync } from './epoch-sync.ts';
import { Retention } from './retention.ts';
import { snapshotAnswers } from './snapshot-answers.ts';
import { SnapshotBuilder } from './snapshot-builder.ts';
import { SnapshotFetch } from './snapshot-fetch.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { SnapshotSync } from './snapshot-sync.ts';
import { Trust } from './trust.ts';

export interface SnapshotRoomParts {
  readonly replica: Replica;
  readonly genesis: Genesis;
  readonly writer: LedgerWriter;
  readonly reader: LedgerReader;
  readonly retentionBlocks: number | undefined;
  readonly network: Pick<Network, 'peers' | 'requestSync'>;
  readonly push: (input: Input) => boolean;
  readonly adopted: (anchor: Anchor, isLanding: boolean) => Promise<void>;
  /** What the operator wants every history to lead to. */
  readonly trusted: Checkpoint | undefined;
  readonly onFailure: (error: unknown) => void;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly counters: Counters;
}

const LOOK_EVERY_MS = 500;

/** Let others have the thread. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Everything a node does with snapshots: makes, keeps and serves its own, and starts from others' where it must. */
export class SnapshotRoom {
  readonly store: SnapshotStore;
  /** The way into an epoch that there is no state of. */
  readonly epochs: EpochSync;
  readonly #push: (input: Input) => boolean;
  readonly #ended: EndedSessions;
  readonly #builder: SnapshotBuilder;
  readonly #sync: SnapshotSync;
  readonly #retention: Retention;
  readonly #trust: Trust | undefined;
  readonly #reader: LedgerReader;
  readonly #replica: Replica;
  readonly #onFailure: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Made, while the queue of the loop was full. */
  #unsaid: Snapshot | undefined;

  constructor(parts: SnapshotRoomParts) {
    const { writer, network, push, counters, onFailure } = parts;
    this.#push = push;
    this.#reader = parts.reader;
    this.#replica = parts.replica;
    this.#onFailure = onFailure;
    this.store = new SnapshotStore(writer.overlay, writer);
    this.#ended = new EndedSessions(() => parts.replica.state);
    this.#builder = new SnapshotBuilder({
      store: this.store,
      source: writer.overlay,
      archived: () => this.#ended.archived(),
      turn,
      made: (snapshot) => this.#say(snapshot),
      onError: onFailure,
      counters,
    });
    const ports = {
      peers: () => network.peers().flatMap((peer) => (peer.validator && peer.connected ? [peer.name] : [])),
      request: network.requestSync.bind(network),
      counters,
    };
    const fetch = new SnapshotFetch({ store: this.store, ...ports });
    this.#retention = new Retention({
      blocks: parts.retentionBlocks,
      state: () => parts.replica.state,
      store: this.store,
      reader: parts.reader,
      writer,
      turn,
      log: parts.log,
    });
    const { trusted, replica } = parts;
    const faults = (): number => faultBound(replica.peers.length);
    this.#trust = trusted && new Trust({ trusted, faults, differs: onFailure, reader: parts.reader, writer, ...ports });
    const isTrusted = (snapshot: Snapshot, signal: AbortSignal): Promise<boolean> =>
      this.#trust?.isTrusted(snapshot, signal) ?? Promise.resolve(true);
    const wake = (): void => void push({ kind: 'tick' });
    const adopted = async (anchor: Anchor, isLanding: boolean): Promise<void> => {
      this.#ended.restored();
      await parts.adopted(anchor, isLanding);
    };
    this.epochs = new EpochSync({ replica, wake, log: parts.log, ...ports });
    this.#sync = new SnapshotSync({ ...parts, adopted, store: this.store, fetch, isTrusted, wake });
  }

  /** What was made before a restart is signed and said again; what a crash left half made goes. */
  async start(): Promise<void> {
    await this.#trust?.checkStart(this.#replica.executed);
    await this.store.sweep();
    const own = (await this.store.all()).findLast(({ isWhole, isOwn }) => isWhole && isOwn);
    if (own !== undefined) this.#say(own.snapshot);
    this.#timer = setInterval(() => {
      if (this.#unsaid !== undefined) this.#say(this.#unsaid);
      this.#ended.tick();
      this.epochs.tick();
      this.#sync.tick();
      void this.#retention.tick(this.#onFailure);
    }, LOOK_EVERY_MS);
  }

  #say(snapshot: Snapshot): void {
    this.#unsaid = this.#push({ kind: 'snapshot', snapshot }) ? undefined : snapshot;
  }

  take(delivery: Delivery): void {
    if (delivery.kind === 'snapshot-due') this.#builder.take(delivery);
    if (delivery.kind === 'executed') {
      const { height, hash, history } = delivery.executed.anchor;
      this.#trust?.executed(height, hash, history);
      this.#ended.executed(delivery.executed);
    }
    if (delivery.kind !== 'snapshot') return;
    this.store.saveSignatures(delivery.signed);
    this.#sync.agreed(delivery.signed);
  }

  answers(request: SnapshotRequest): AsyncIterable<Message> {
    return snapshotAnswers(this.store, this.#reader, request);
  }

  /** A whole snapshot waits to be installed between two turns. */
  isDue(): boolean {
    return this.#sync.isDue();
  }

  run(): Promise<void> {
    return this.#sync.run();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.epochs.stop();
    await this.#sync.stop();
    await this.#retention.stop();
    await this.#builder.stop();
  }
}
