import type { Delivery, Effects, Input, JournalEntry, Now, Send } from '../../consensus/types.ts';
import { InputTrace } from './failure.ts';
import { InputQueue, type PlaceItem } from './input-queue.ts';

/** Time as the driver needs it; tests hold the clock. */
export interface DriverClock {
  now(): Now;
  /** Resolves when what is under way in this turn of the event loop has come in. */
  turn(): Promise<void>;
  /** Call once after a while. Returns how to call it off. */
  wakeIn(delayMs: number, wake: () => void): () => void;
}

/** The world around a replica. */
export interface DriverPorts {
  readonly clock: DriverClock;
  /** All inputs of one turn. */
  step(inputs: readonly Input[], now: Now): Effects;
  /** Durable when it resolves. A rejection is fatal: nobody knows what is on the disk. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  send(send: Send): void;
  /** All deliveries of one turn; the governance state stands where the last of them left it. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Something to wait for while the ledger is too far behind. */
  room(): Promise<void> | undefined;
  readonly compaction: { isDue(): boolean; run(): Promise<void> };
  /** The way into the next epoch, in the same place as compaction; it says what the next turn begins with. */
  readonly epochs?: { isDue(): boolean; run(): Promise<readonly Input[]> };
  /** The loop has ended and does not start again. */
  fail(error: unknown, trace: readonly string[]): void;
}

const INPUTS_PER_TURN = 256;
/** Notes that may wait for a promise; more are appended without one. */
const NOTES_MAX = 64;
const WAKE_MS_MIN = 1;
const WAKE_MS_MAX = 60_000;
const SYNCED: Input = { kind: 'synced' };

/**
 * The loop around the pure step, and the one place where durability is decided (consensus.md 2.8, rule 2).
 *
 * One turn: take what is queued and step it at once. If a promise is among the records, append all records
 * since the last time with one sync, and only then start what was to be sent and delivered; the turn after begins with
 * `synced`. Records that this makes go the same way, so the loop rests only when nothing is queued and no promise unsynced.
 */
export class Driver {
  readonly #ports: DriverPorts;
  readonly #queue: InputQueue;
  readonly #trace = new InputTrace();
  /** Records that no promise rests on yet (D-05). */
  #records: JournalEntry[] = [];
  /** What the next turn begins with, before all that is queued. */
  #first: readonly Input[] = [];
  /** Promises were synced and the step does not know yet. */
  #owesSynced = false;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeAtMs: number | undefined;
  #cancelWake: () => void = () => undefined;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
    this.#queue = new InputQueue();
  }

  /** Queue an input. False when it was dropped: its queue is full, or the driver has stopped. */
  push(input: Input): boolean {
    if (this.#isStopped || !this.#queue.push(input)) return false;
    this.#running ??= this.#run();
    return true;
  }

  /**
   * Step `start` and wait until all that follows from the journal is synced. Only then may the network be opened.
   * @throws what failed
   */
  async start(facts: Omit<Extract<Input, { kind: 'start' }>, 'kind'> = {}): Promise<void> {
    this.push({ kind: 'start', ...facts });
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Finish the turn under way and take no more. */
  async stop(): Promise<void> {
    this.#halt();
    await this.#running;
    // Nobody rests on these; without them a restart would only fetch them anew.
    if (this.#records.length > 0 && this.#failure === undefined) await this.#append();
  }

  /** What waits goes over into the next epoch, or not. Only while `epochs.run` runs. */
  beginEpoch(place: PlaceItem): void {
    this.#queue.beginEpoch(place);
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  get queued(): number {
    return this.#queue.length;
  }

  async #run(): Promise<void> {
    try {
      while (await this.#next()) await this.#ports.room();
    } catch (error) {
      this.#failure = { error };
      this.#halt();
      this.#ports.fail(error, this.#trace.lines());
    }
  }

  /** One turn, or a compaction between turns. False when there is nothing to do. */
  async #next(): Promise<boolean> {
    await this.#ports.clock.turn();
    if (this.#isStopped) return false;
    const { compaction, epochs } = this.#ports;
    const isOver = epochs?.isDue() === true;
    const isDue = isOver || compaction.isDue();
    const inputs = isDue ? [] : [...this.#first, ...this.#queue.take(INPUTS_PER_TURN)];
    if (!isDue) this.#first = [];
    if (this.#owesSynced) inputs.unshift(SYNCED);
    if (inputs.length > 0) await this.#turn(inputs);
    else if (isOver) await this.#endEpoch();
    else if (isDue) await compaction.run();
    // In the same breath as the queue was found empty: what is pushed from here on starts the loop anew.
    else this.#running = undefined;
    return this.#running !== undefined;
  }

  /** Notes are of the epoch that ends: behind the mark of the next one they would make its journal unreadable. */
  async #endEpoch(): Promise<void> {
    if (this.#records.length > 0) await this.#append();
    this.#first = (await this.#ports.epochs?.run()) ?? [];
  }

  async #turn(inputs: readonly Input[]): Promise<void> {
    const now = this.#ports.clock.now();
    for (const input of inputs) this.#trace.add(input);
    const { persist, mustSync, send, deliver, wakeAtMs } = this.#ports.step(inputs, now);
    this.#records.push(...persist);
    if (wakeAtMs !== undefined) this.#wakeAt(wakeAtMs, now.monoMs);
    this.#owesSynced = mustSync;
    if (mustSync || this.#records.length >= NOTES_MAX) await this.#append();
    for (const one of send) this.#ports.send(one);
    if (deliver.length > 0) this.#ports.deliver(deliver);
  }

  /** All records since the last append, in order: notes before the promise that rests on them. */
  async #append(): Promise<void> {
    const records = this.#records;
    this.#records = [];
    await this.#ports.append(records);
  }

  /** One timer, for the earliest wish. Waking too early costs a tick; what is still wanted is then asked for again. */
  #wakeAt(atMs: number, nowMs: number): void {
    if (this.#isStopped || (this.#wakeAtMs !== undefined && this.#wakeAtMs <= atMs)) return;
    this.#cancelWake();
    this.#wakeAtMs = atMs;
    const delayMs = Math.min(WAKE_MS_MAX, Math.max(WAKE_MS_MIN, Math.ceil(atMs - nowMs)));
    this.#cancelWake = this.#ports.clock.wakeIn(delayMs, () => {
      this.#wakeAtMs = undefined;
      this.push({ kind: 'tick' });
    });
  }

  #halt(): void {
    this.#isStopped = true;
    this.#cancelWake();
  }
}

/** The clock of the machine: monotonic whole milliseconds for timers, the wall for block times. */
export const SYSTEM_CLOCK: DriverClock = {
  now: () => ({ monoMs: Math.floor(performance.now()), wallMs: Date.now() }),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  wakeIn(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
};
