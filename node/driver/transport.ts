import type { FetchRequest, Input, Message, Send } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage, isFetchRequest, kindOf } from '../../consensus/wire.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import type { Counters } from '../network/counters.ts';
import type { Network } from '../network/network.ts';

/** Requests under way with one peer. What is over is dropped: the step repeats a wish for as long as it has it. */
const FETCHES_PER_PEER_MAX = 4;
/** Of these for what the peer merely claims to have: the rest is kept for what the current view waits for. */
const CLAIMS_PER_PEER_MAX = 2;
/** Messages of one answer that are taken: the blocks of a `final` and their segments. */
const ANSWER_MESSAGES_MAX = 4_096;

/** What may stand in an answer. */
const ANSWER_KINDS: ReadonlySet<Message['kind']> = new Set([
  'certificate',
  'block',
  'segment',
  'final',
  'past',
  'pruned',
]);

/** What of the frames to all an observer can use (O-02). */
const FOR_OBSERVERS: ReadonlySet<Message['kind']> = new Set(['status', 'checkpoint', 'snapshot']);

/** Carries what a step wants sent: frames, segments as frames and to their topic, requests to the sync protocol and back as inputs. */
export class Transport {
  readonly #network: Network;
  readonly #names: () => readonly string[];
  readonly #push: (input: Input) => boolean;
  readonly #counters: Counters;
  readonly #underWay = new Map<string, { all: number; claims: number }>();
  readonly #abort = new AbortController();

  /** `names` of the current roster by ValidatorIndex. */
  constructor(network: Network, names: () => readonly string[], push: (input: Input) => boolean, counters: Counters) {
    this.#network = network;
    this.#names = names;
    this.#push = push;
    this.#counters = counters;
  }

  send(send: Send): void {
    if (send.to === 'shard') {
      const { segment } = send;
      const frame = encodeMessage({ kind: 'segment', segment });
      this.#network.publishSegment(segment.header.shard, segment.bytes, frame);
    } else if (isFetchRequest(send.message)) {
      if (send.to !== 'all') void this.#fetch(send.to, send.message, send.isClaim === true);
    } else if (send.to === 'all') {
      const bytes = encodeMessage(send.message);
      this.#network.broadcastFrame(bytes);
      if (FOR_OBSERVERS.has(send.message.kind)) this.#network.sendToObservers(bytes);
    } else {
      const name = this.#names()[send.to];
      if (name !== undefined) this.#network.sendFrame(name, encodeMessage(send.message));
    }
  }

  /** Give up what is under way. */
  stop(): void {
    this.#abort.abort();
  }

  async #fetch(to: number, request: FetchRequest, isClaim: boolean): Promise<void> {
    const name = this.#names()[to];
    if (name === undefined) return;
    const underWay = this.#underWay.get(name) ?? { all: 0, claims: 0 };
    this.#underWay.set(name, underWay);
    if (isClaim && underWay.claims >= CLAIMS_PER_PEER_MAX) return this.#counters.bump('fetch.over.claim');
    if (underWay.all >= FETCHES_PER_PEER_MAX) return this.#counters.bump('fetch.over');
    underWay.all += 1;
    underWay.claims += isClaim ? 1 : 0;
    this.#counters.bump('fetch.started');
    let messages = 0;
    const onFrame = (bytes: Uint8Array): void => {
      messages += 1;
      if (messages > ANSWER_MESSAGES_MAX) throw new WaggleError('WAGGLE_SYNC_ANSWER_LENGTH', { messages });
      this.#take(name, bytes);
    };
    try {
      await this.#network.requestSync(name, encodeMessage(request), onFrame, this.#abort.signal);
      if (messages === 0) this.#counters.bump('fetch.empty');
    } catch (error) {
      this.#counters.bump(`fetch.failed.${codeOf(error) ?? 'unknown'}`);
    } finally {
      underWay.all -= 1;
      underWay.claims -= isClaim ? 1 : 0;
    }
  }

  /** Decode, check, queue; what throws ends the answer. */
  #take(name: string, bytes: Uint8Array): void {
    // Its seat may be another than when it was asked, or none.
    const from = this.#names().indexOf(name);
    if (from < 0) throw new WaggleError('WAGGLE_SYNC_SEAT_LOST', { from: name });
    const kind = kindOf(bytes);
    if (kind !== undefined && !ANSWER_KINDS.has(kind)) throw new WaggleError('WAGGLE_SYNC_ANSWER_KIND', { kind });
    const message = decodeMessage(bytes);
    const isQueued = this.#push({ kind: 'message', from, message });
    if (!isQueued) throw new WaggleError('WAGGLE_SYNC_QUEUE_FULL', { from });
  }
}
