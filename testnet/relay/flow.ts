import type { Socket } from 'node:net';
import type { Item, Lane } from './line.ts';

/** Time as the relay sees it; tests bring their own. */
export interface Clock {
  nowMs(): number;
  /** @returns how to call it off */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Chunks: the first words of a handshake and no more. */
const EARLY_MAX = 16;

/** Signs of TCP that the connection acts on. */
export type OnSign = (kind: 'open' | 'opened') => void;

/** Moves bytes of one connection in one direction: from a socket into a lane, and from there into the other socket. */
export class Flow {
  readonly lane: Lane;
  readonly #clock: Clock;
  readonly #onSign: OnSign;
  #source: Socket | undefined;
  #sink: Socket | undefined;
  #cancel: (() => void) | undefined;
  #isOver = false;
  #isBlocked = false;
  /** What the dialler sent before the answer to its dial has come back to it: on a real link it could not have. */
  #early: Item[] | undefined;

  constructor(lane: Lane, clock: Clock, onSign: OnSign) {
    this.lane = lane;
    this.#clock = clock;
    this.#onSign = onSign;
  }

  from(source: Socket): void {
    this.#source = source;
    source.on('data', (bytes: Buffer) => this.#hear({ kind: 'bytes', bytes }));
    source.once('end', () => this.#hear({ kind: 'end' }));
    source.once('close', () => this.#hear({ kind: 'reset' }));
  }

  /** Keep what comes from the source until `release`. */
  hold(): void {
    this.#early = [];
  }

  release(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const item of early) this.push(item);
    this.pump();
  }

  to(sink: Socket): void {
    this.#sink = sink;
    sink.on('drain', () => {
      this.#isBlocked = false;
      this.pump();
    });
  }

  push(item: Item): void {
    if (this.#isOver) return;
    this.lane.push(item, this.#clock.nowMs());
    this.pump();
  }

  /** Hand on what has arrived, and come back for the rest. Called whenever the rule of the line changed. */
  pump(): void {
    if (this.#isOver) return;
    this.#cancel?.();
    this.#cancel = undefined;
    while (!this.#isBlocked && !this.#isOver) {
      const item = this.lane.take(this.#clock.nowMs());
      if (item === undefined) break;
      this.#deliver(item);
    }
    if (this.#isOver) return;
    const dueMs = this.lane.nextDueMs();
    if (dueMs !== undefined && !this.#isBlocked) {
      this.#cancel = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.pump());
    }
    if (this.#early !== undefined) return;
    if (this.lane.isFull) this.#source?.pause();
    else if (this.#source?.isPaused()) this.#source.resume();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel?.();
  }

  #hear(item: Item): void {
    if (this.#early === undefined) this.push(item);
    else if (this.#early.push(item) >= EARLY_MAX) this.#source?.pause();
  }

  #deliver(item: Item): void {
    if (item.kind === 'bytes') {
      if (this.#sink?.writable === true) this.#isBlocked = !this.#sink.write(item.bytes);
    } else if (item.kind === 'end') this.#sink?.end();
    else if (item.kind === 'reset') this.#break();
    else this.#onSign(item.kind);
  }

  /** The other end is gone: what it sent in order was handed on before. */
  #break(): void {
    this.stop();
    // After an end in order the socket closes by itself once it is written out.
    if (this.#sink?.writableEnded === false) this.#sink.resetAndDestroy();
  }
}
