/** What the network does to bytes on their way from one node to another, whichever of the two made the connection. */
export interface LinkRule {
  /** Nothing passes: held, as TCP holds and repeats what is not acknowledged, and delivered when the link is whole again. */
  readonly cut: boolean;
  readonly delayMs: number;
  /** On top of the delay, up to this much, drawn for each chunk. */
  readonly jitterMs: number;
  /** Of packets. A lost one stalls its connection for a retransmission timeout, since TCP hands on nothing behind it. */
  readonly lossPercent: number;
  /** 1,000 bits a second, shared by all connections of the link; 0 is no limit. */
  readonly rateKbit: number;
}

export const WHOLE: LinkRule = { cut: false, delayMs: 0, jitterMs: 0, lossPercent: 0, rateKbit: 0 };

export const LOSS_PERCENT_MAX = 90;
const PACKET_BYTES = 1_448;
/** The shortest retransmission timeout of Linux; it doubles with each repeat that is lost too. */
const RETRANSMIT_MS = 200;
const RETRANSMIT_MS_MAX = 6_400;
const REPEATS_MAX = 10;
const QUEUE_BYTES = 4 * 1024 * 1024;
const QUEUE_BYTES_CUT = 64 * 1024;
/** What waits before a slow link, as in a router: a quarter of a second. */
const ROUTER_MS = 250;

/** One direction of one link: when what is sent on it arrives. Pure: time and chance are handed in. */
export class Line {
  rule: LinkRule = WHOLE;
  readonly #random: () => number;
  #freeMs = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  arrivalMs(sizeBytes: number, nowMs: number): number {
    const { delayMs, jitterMs, rateKbit } = this.rule;
    let sentMs = nowMs;
    if (rateKbit > 0) {
      sentMs = Math.max(nowMs, this.#freeMs) + (sizeBytes * 8) / rateKbit;
      this.#freeMs = sentMs;
    }
    return sentMs + delayMs + jitterMs * this.#random() + this.#stallMs(sizeBytes);
  }

  /** How much of a connection may wait here before its sender has to. */
  queueBytesMax(): number {
    const { cut, rateKbit, delayMs } = this.rule;
    if (cut) return QUEUE_BYTES_CUT;
    if (rateKbit === 0) return QUEUE_BYTES;
    return Math.max(QUEUE_BYTES_CUT, (rateKbit / 8) * (delayMs + ROUTER_MS));
  }

  #stallMs(sizeBytes: number): number {
    const lost = this.rule.lossPercent / 100;
    const packets = Math.max(1, Math.ceil(sizeBytes / PACKET_BYTES));
    let stallMs = 0;
    let timeoutMs = RETRANSMIT_MS;
    let chance = 1 - (1 - lost) ** packets;
    for (let repeats = 0; repeats < REPEATS_MAX && this.#random() < chance; repeats++) {
      stallMs += timeoutMs;
      timeoutMs = Math.min(2 * timeoutMs, RETRANSMIT_MS_MAX);
      chance = lost;
    }
    return stallMs;
  }
}

/** What travels: bytes, and the signs of TCP that a connection opens, was opened, ended in order or broke. */
export type Item =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'open' | 'opened' }
  | { readonly kind: 'end' | 'reset' };

const SIGN_BYTES = 40;

/** What is under way in one direction of one connection, in the order in which it was sent: TCP reorders nothing. */
export class Lane {
  readonly line: Line;
  readonly #queue: { readonly item: Item; readonly dueMs: number }[] = [];
  #lastDueMs = 0;
  #queuedBytes = 0;

  constructor(line: Line) {
    this.line = line;
  }

  get isFull(): boolean {
    return this.#queuedBytes >= this.line.queueBytesMax();
  }

  push(item: Item, nowMs: number): void {
    const arrivesMs = this.line.arrivalMs(sizeOf(item), nowMs);
    this.#lastDueMs = Math.max(this.#lastDueMs, arrivesMs);
    this.#queue.push({ item, dueMs: this.#lastDueMs });
    this.#queuedBytes += sizeOf(item);
  }

  /** The next one that has arrived. */
  take(nowMs: number): Item | undefined {
    const [first] = this.#queue;
    if (first === undefined || this.line.rule.cut || first.dueMs > nowMs) return undefined;
    this.#queue.shift();
    this.#queuedBytes -= sizeOf(first.item);
    return first.item;
  }

  /** When `take` will have something; undefined while the line is cut or nothing is under way. */
  nextDueMs(): number | undefined {
    return this.line.rule.cut ? undefined : this.#queue[0]?.dueMs;
  }
}

function sizeOf(item: Item): number {
  return item.kind === 'bytes' ? item.bytes.length : SIGN_BYTES;
}
