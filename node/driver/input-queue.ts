import type { Input, Message } from '../../consensus/types.ts';
import type { Item } from '../../protocol/chain/segment.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** A peer's inputs that may wait; more are dropped and counted, and the protocol repairs what was lost. */
const PEER_INPUTS_MAX = 4_096;
const PEER_BYTES_MAX = 32 * 1024 * 1024;
/** Own submissions that may wait; what is not taken is answered "busy". */
const OWN_INPUTS_MAX = 16_384;
/** Part of a turn that own submissions may take: clients must not be able to silence a validator towards its peers. */
const OWN_SHARE = 0.25;
/** About what a small decoded message holds. */
const MESSAGE_BYTES = 512;

/** The shard of an item in the epoch of the moment. */
export type PlaceItem = (item: Item) => number;

interface Waiting {
  readonly input: Input;
  readonly bytes: number;
}

/** First in, first out, without moving what waits. */
class Fifo {
  #items: (Waiting | undefined)[] = [];
  #first = 0;
  bytes = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  replace(change: (input: Input) => Input): void {
    this.#items = this.#items.map((waiting) => waiting && { ...waiting, input: change(waiting.input) });
  }

  push(waiting: Waiting): void {
    this.#items.push(waiting);
    this.bytes += waiting.bytes;
  }

  shift(): Input | undefined {
    const waiting = this.#items[this.#first];
    if (waiting === undefined) return undefined;
    this.#items[this.#first] = undefined;
    this.#first += 1;
    this.bytes -= waiting.bytes;
    if (this.#first > 1_024 || this.#first === this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return waiting.input;
  }
}

/** What waits for the next turn: one bounded queue per peer, taken from in rotation, so that none crowds out another. */
export class InputQueue {
  readonly #own = new Fifo();
  /** By ValidatorIndex, made when first heard. */
  #peers: Fifo[] = [];
  #tick = false;
  #turn = 0;

  readonly #validators: number;

  constructor(validators: number = LIMITS.validatorsMax) {
    this.#validators = validators;
  }

  /**
   * Messages are of peers by their seats in an epoch: those of one that is over are dropped, and said again where they matter.
   * What was submitted goes into the shard that the slot table of the next one gives it.
   */
  beginEpoch(place: PlaceItem): void {
    this.#peers = [];
    this.#own.replace((input) => (input.kind === 'submit' ? { ...input, shard: place(input.item) } : input));
  }

  /** False when there is no room for it. Ticks are one, however many are asked for. */
  push(input: Input): boolean {
    if (input.kind === 'message') return this.#pushMessage(input.from, input);
    if (input.kind === 'tick') this.#tick = true;
    else if (this.#own.length >= OWN_INPUTS_MAX) return false;
    else this.#own.push({ input, bytes: 0 });
    return true;
  }

  #pushMessage(from: number, input: Extract<Input, { kind: 'message' }>): boolean {
    const queue = this.#of(from);
    const bytes = sizeBytes(input.message);
    if (queue === undefined || queue.length >= PEER_INPUTS_MAX || queue.bytes + bytes > PEER_BYTES_MAX) return false;
    queue.push({ input, bytes });
    return true;
  }

  #of(from: number): Fifo | undefined {
    if (from < 0 || from >= this.#validators) return undefined;
    while (this.#peers.length <= from) this.#peers.push(new Fifo());
    return this.#peers[from];
  }

  get length(): number {
    return this.#peers.reduce((sum, queue) => sum + queue.length, this.#own.length + (this.#tick ? 1 : 0));
  }

  /** Up to `max` inputs: some own ones, then one of each peer in turn, then own ones again. Inputs of one peer keep their order. */
  take(max: number): Input[] {
    const taken: Input[] = [];
    if (this.#tick) taken.push({ kind: 'tick' });
    this.#tick = false;
    this.#takeOwn(taken, taken.length + Math.max(1, Math.floor(max * OWN_SHARE)));
    this.#turn = (this.#turn + 1) % Math.max(1, this.#peers.length);
    for (let progress = true; progress && taken.length < max; ) {
      progress = false;
      for (let at = 0; at < this.#peers.length && taken.length < max; at++) {
        const input = this.#peers[(this.#turn + at) % this.#peers.length]?.shift();
        if (input === undefined) continue;
        taken.push(input);
        progress = true;
      }
    }
    this.#takeOwn(taken, max);
    return taken;
  }

  #takeOwn(taken: Input[], max: number): void {
    while (taken.length < max) {
      const input = this.#own.shift();
      if (input === undefined) return;
      taken.push(input);
    }
  }
}

function sizeBytes(message: Message): number {
  switch (message.kind) {
    case 'segment':
      return message.segment.bytes.length;
    case 'block':
    case 'propose':
      return message.block.bytes.length + MESSAGE_BYTES;
    case 'final':
      return message.blocks.reduce((sum, { bytes }) => sum + bytes.length, MESSAGE_BYTES);
    default:
      return MESSAGE_BYTES;
  }
}
