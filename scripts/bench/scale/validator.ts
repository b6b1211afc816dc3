import { genesisAnchor } from '../../../consensus/anchor.ts';
import { answer } from '../../../consensus/answer.ts';
import { createReplica, stepAll } from '../../../consensus/replica.ts';
import type { Replica } from '../../../consensus/replica-state.ts';
import type { People } from '../../../consensus/sim/electorate.ts';
import type { Signatures } from '../../../consensus/sim/keys.ts';
import { WORLD_STARTS_MS } from '../../../consensus/sim/node.ts';
import type {
  Delivery,
  Effects,
  FetchRequest,
  Input,
  Message,
  Now,
  ReplicaConfig,
  Send,
} from '../../../consensus/types.ts';
import { decodeMessage, encodeMessage, isFetchRequest } from '../../../consensus/wire.ts';
import { Driver, type DriverClock } from '../../../node/driver/driver.ts';
import { violationError } from '../../../node/driver/failure.ts';
import { encodeEntry } from '../../../node/driver/journal-entries.ts';
import { createReceiver } from '../../../node/driver/receiver.ts';
import { Counters } from '../../../node/network/counters.ts';
import { createState } from '../../../protocol/governance/create.ts';
import { Core } from './core.ts';
import type { Costs } from './costs.ts';
import { Stopwatch } from './stopwatch.ts';
import type { Timeline } from './timeline.ts';
import type { UsualTimes } from './usual-times.ts';

/** Where a validator lives: links, and who looks on. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly people: People;
  readonly costs: Costs;
  readonly usual: UsualTimes;
  readonly signatures: Signatures;
  /** Something leaves at a time from now on. */
  carry(to: number, atMs: number, arrive: (peer: Validator) => void): void;
  proposed(view: number, atMs: number): void;
  delivered(at: Validator, delivery: Delivery): void;
  failed(error: unknown): void;
}

/** What one validator did so far. */
export interface Counts {
  readonly signed: number;
  readonly verified: number;
  readonly syncs: number;
  /** Requests of others that it answered. */
  readonly fetches: number;
}

/**
 * The driver, the receiver and the step of the product, each on a core in virtual time: what comes in waits for its turn, and
 * what goes out leaves when the core has come to it.
 */
export class Validator {
  readonly seat: number;
  readonly core: Core;
  readonly replica: Replica;
  readonly #counters = new Counters();
  readonly #around: Surroundings;
  readonly #driver: Driver;
  readonly #watch: Stopwatch;
  readonly #onFrame: (from: number, bytes: Uint8Array) => void;
  /** Where its clock stands between two whole milliseconds, and since its start. */
  readonly #offsetMs: number;
  #syncs = 0;
  #fetches = 0;

  constructor(seat: number, offsetMs: number, around: Surroundings) {
    const { timeline, people, costs, signatures } = around;
    const { chain, roster, genesis, signers } = people;
    this.seat = seat;
    this.core = new Core(timeline);
    this.#around = around;
    this.#offsetMs = offsetMs;
    this.#watch = new Stopwatch(this.core, costs, around.usual);
    const sign = (message: Uint8Array): Uint8Array => signers[seat]?.sign(message) ?? new Uint8Array(64);
    const config: ReplicaConfig = this.#watch.watched({
      chain,
      roster,
      self: seat,
      ...genesis.params,
      sign,
      verify: signatures.verify,
    });
    const start = genesisAnchor(chain);
    this.replica = createReplica(config, createState(genesis), start);
    this.#driver = this.#createDriver();
    const names = roster.validators.map(({ name }) => name);
    const { onFrame } = createReceiver({
      replica: this.replica,
      push: (input) => this.#driver.push(input),
      counters: this.#counters,
      answers: NOTHING,
      snapshotAnswers: NOTHING,
      serveSubmit: NOTHING,
    });
    this.#onFrame = (from, bytes) => void onFrame(names[from] ?? '', bytes, false);
  }

  #createDriver(): Driver {
    const { timeline, costs } = this.#around;
    return new Driver({
      clock: this.#createClock(),
      step: (inputs, now) => this.#step(inputs, now),
      append: (entries) => {
        this.#watch.time(
          'encode',
          () => entries.map(encodeEntry),
          () => entries.length,
        );
        this.#syncs += 1;
        return timeline.until(this.core.freeAtMs + costs.syncMs);
      },
      send: (send) => this.#send(send),
      deliver: (deliveries) => {
        for (const delivery of deliveries) this.#deliver(delivery);
      },
      room: () => undefined,
      compaction: { isDue: () => false, run: () => Promise.resolve() },
      fail: (error) => this.#around.failed(error),
    });
  }

  #step(inputs: readonly Input[], now: Now): Effects {
    const unitsOf = ({ deliver }: Effects): number =>
      inputs.length + deliver.reduce((all, one) => all + itemsOf(one), 0);
    return this.#watch.time('step', () => stepAll(this.replica, inputs, now), unitsOf);
  }

  #createClock(): DriverClock {
    const { timeline } = this.#around;
    return {
      now: () => ({
        monoMs: Math.floor(timeline.nowMs + this.#offsetMs),
        wallMs: Math.floor(WORLD_STARTS_MS + timeline.nowMs),
      }),
      turn: () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.core.run(() => timeline.resolve(resolve));
        return promise;
      },
      wakeIn: (delayMs, wake) => {
        let isWanted = true;
        timeline.at(timeline.nowMs + delayMs, () => {
          if (isWanted) wake();
        });
        return () => {
          isWanted = false;
        };
      },
    };
  }

  counts(): Counts {
    const { signed, verified } = this.#watch;
    return { verified, signed, syncs: this.#syncs, fetches: this.#fetches };
  }

  start(): Promise<void> {
    return this.#driver.start({ nonce: new Uint8Array(16).fill(this.seat) });
  }

  /** A call of a client. */
  submit(input: Extract<Input, { kind: 'submit' }>): void {
    this.core.run(() => {
      this.core.charge('calls', this.#around.costs.callUs);
      this.#driver.push(input);
    });
  }

  #arrive(take: () => void): void {
    this.core.run(() => {
      this.core.charge('network', this.#around.costs.receiveUs);
      this.#watch.time('decode', take);
    });
  }

  #send(send: Send): void {
    const message: Message = send.to === 'shard' ? { kind: 'segment', segment: send.segment } : send.message;
    if (message.kind === 'propose') this.#around.proposed(message.block.block.view, this.core.freeAtMs);
    const bytes = this.#watch.time('encode', () => encodeMessage(message));
    const peers = typeof send.to === 'number' ? [send.to] : this.replica.peers.keys();
    for (const to of peers) {
      if (to === this.seat) continue;
      if (isFetchRequest(message)) this.#sendTo(to, (peer) => peer.#serve(this.seat, bytes));
      else this.#sendTo(to, (peer) => peer.#arrive(() => peer.#onFrame(this.seat, bytes)));
    }
  }

  #sendTo(to: number, arrive: (peer: Validator) => void): void {
    this.core.charge('network', this.#around.costs.sendUs);
    this.#around.carry(to, this.core.freeAtMs, arrive);
  }

  /** What memory holds of it; nobody here is so far behind that it takes a ledger. */
  #serve(from: number, request: Uint8Array): void {
    this.#fetches += 1;
    this.#arrive(() => {
      for (const message of answer(this.replica, decodeMessage(request) as FetchRequest)) {
        const bytes = encodeMessage(message);
        this.#sendTo(from, (peer) => peer.#arrive(() => peer.#push(this.seat, bytes)));
      }
    });
  }

  #push(from: number, bytes: Uint8Array): void {
    this.#driver.push({ kind: 'message', from, message: decodeMessage(bytes) });
  }

  #deliver(delivery: Delivery): void {
    if (delivery.kind === 'violation') throw violationError(delivery.invariant, delivery.facts);
    this.core.charge('storing', itemsOf(delivery) * this.#around.costs.storeUs);
    this.#around.delivered(this, delivery);
  }
}

/** Items that were executed. */
function itemsOf(delivery: Delivery): number {
  if (delivery.kind !== 'executed') return 0;
  return delivery.executed.segments.reduce((all, { items }) => all + items.length, 0);
}

async function* NOTHING(): AsyncGenerator<never> {}
