import type { Stream } from '@libp2p/interface';
import { WaggleError } from '../../../protocol/errors.ts';
import type { Counters } from '../counters.ts';
import { FrameDecoder } from './frames.ts';
import { readStream } from './streams.ts';

const REFUSED_COUNTER = new Map([
  ['WAGGLE_NETWORK_FRAME_OVERSIZE', 'frame.oversize'],
  ['WAGGLE_NETWORK_FRAME_EMPTY', 'frame.empty'],
  ['WAGGLE_NETWORK_FRAME_TRUNCATED', 'frame.truncated'],
]);

/** Frames of one peer that are handled without a turn of the event loop between. */
const FRAMES_PER_TURN = 128;
/** …and how long they may take: a segment of many small items costs ten milliseconds to judge, whoever signed it. */
const TURN_MS = 8;

/** The counter for a frame error, or undefined when the stream merely broke. */
export function refusedCounter(error: unknown): string | undefined {
  return error instanceof WaggleError ? REFUSED_COUNTER.get(error.code) : undefined;
}

/**
 * Reads the consensus frames that peers write to us: one stream a peer, the newest. A bad frame resets that stream and
 * nothing else. Frames of one peer are delivered in the order they were sent; a broken stream leaves a gap, never a swap.
 */
export class FrameInbox {
  readonly #frameBytesMax: number;
  readonly #counters: Counters;
  readonly #onFrame: (from: string, bytes: Uint8Array) => void;
  readonly #nowMs: () => number;
  readonly #streams = new Map<string, Stream>();

  /** `nowMs`: a monotonic clock, for the length of turns alone. */
  constructor(
    frameBytesMax: number,
    onFrame: (from: string, bytes: Uint8Array) => void,
    counters: Counters,
    nowMs = () => performance.now(),
  ) {
    this.#frameBytesMax = frameBytesMax;
    this.#onFrame = onFrame;
    this.#counters = counters;
    this.#nowMs = nowMs;
  }

  /** Read `stream` until it ends. `from` is the authenticated peer that opened it. */
  async accept(from: string, stream: Stream): Promise<void> {
    const prior = this.#streams.get(from);
    this.#streams.set(from, stream);
    if (prior !== undefined) {
      this.#counters.bump('stream.replaced');
      prior.abort(new WaggleError('WAGGLE_NETWORK_STREAM_REPLACED'));
    }
    try {
      const decoder = new FrameDecoder(this.#frameBytesMax);
      let [frames, spentMs] = [0, 0];
      for await (const chunk of readStream(stream, { creditsRarely: true })) {
        for (const frame of decoder.push(chunk)) {
          // A chunk may hold hundreds of segments to judge: others have their turn between.
          if (frames >= FRAMES_PER_TURN || spentMs >= TURN_MS) {
            [frames, spentMs] = [0, 0];
            await new Promise((resolve) => setImmediate(resolve));
          }
          frames += 1;
          if (this.#streams.get(from) !== stream) return;
          this.#counters.bump('frame.received');
          this.#counters.bump('frame.received_bytes', frame.byteLength);
          const startedMs = this.#nowMs();
          this.#onFrame(from, frame);
          spentMs += this.#nowMs() - startedMs;
        }
      }
      decoder.end();
      await stream.close();
    } catch (error) {
      this.#counters.bump(refusedCounter(error) ?? 'stream.inbound_lost');
      stream.abort(error instanceof Error ? error : new WaggleError('WAGGLE_NETWORK_STREAM_RESET'));
    } finally {
      if (this.#streams.get(from) === stream) this.#streams.delete(from);
    }
  }
}
