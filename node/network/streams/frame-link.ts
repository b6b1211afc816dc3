import type { Connection, Stream } from '@libp2p/interface';
import { backoffMs } from '../backoff.ts';
import type { Counters } from '../counters.ts';
import { quietEvents } from '../quiet-events.ts';
import { encodeFrames } from './frames.ts';
import { drained } from './streams.ts';

export interface FrameLinkOptions {
  readonly protocol: string;
  readonly frameBytesMax: number;
  /** The open connection to use now, if any. */
  readonly connection: () => Connection | undefined;
  /** Told when frames can be sent, and when no longer. */
  readonly onReady: (isReady: boolean) => void;
  readonly onError: (error: unknown) => void;
}

const BACKOFF = { firstMs: 100, longestMs: 2_000 };
const OPEN_TIMEOUT_MS = 10_000;
const QUEUED_COUNT_MAX = 8_192;
const QUEUED_BYTES_MIN = 8 * 1024 * 1024;
/** Of the queue that segments may fill. */
const BULK_SHARE = 0.5;
/** Bytes handed to the stream in one write. */
const WRITE_BYTES = 256 * 1024;

/**
 * Our side of the consensus frames to one validator: one outbound stream kept open while there is a connection, and a bounded
 * queue before it. A full queue refuses the new frame: what is older is what the peer needs first. A stream that broke
 * takes its queue with it; whoever is told `onReady(true)` again sends what still matters.
 */
export class FrameLink {
  readonly #options: FrameLinkOptions;
  readonly #counters: Counters;
  readonly #queuedBytesMax: number;
  #queue: Uint8Array[] = [];
  /** Segments. While more waits than one write takes, the other frames overtake them. */
  #bulk: Uint8Array[] = [];
  #queuedBytes = 0;
  #stream: Stream | undefined;
  #isOpening = false;
  #isStopped = false;
  #isFlushScheduled = false;
  #isDraining = false;
  #failures = 0;
  #sentBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FrameLinkOptions, counters: Counters) {
    this.#options = options;
    this.#counters = counters;
    this.#queuedBytesMax = Math.max(QUEUED_BYTES_MIN, 4 * options.frameBytesMax);
  }

  get isReady(): boolean {
    return this.#stream !== undefined;
  }

  /** Handed to streams since the start. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Frames of one turn leave in one write. False = refused: no stream, queue full, or a size no peer takes. */
  send(bytes: Uint8Array): boolean {
    return this.#enqueue(this.#queue, bytes, this.#queuedBytesMax);
  }

  /** As `send`, for what need not be there before a vote, and may not take its place in the queue. */
  sendBulk(bytes: Uint8Array): boolean {
    return this.#enqueue(this.#bulk, bytes, this.#queuedBytesMax * BULK_SHARE);
  }

  #enqueue(queue: Uint8Array[], bytes: Uint8Array, bytesMax: number): boolean {
    if (this.#stream === undefined) return this.#refuse('frame.not_connected');
    if (bytes.byteLength === 0 || bytes.byteLength > this.#options.frameBytesMax)
      return this.#refuse('frame.bad_size_local');
    if (queue.length >= QUEUED_COUNT_MAX || this.#queuedBytes + bytes.byteLength > bytesMax) {
      return this.#refuse('frame.queue_full');
    }
    queue.push(bytes);
    this.#queuedBytes += bytes.byteLength;
    if (!this.#isFlushScheduled && !this.#isDraining) {
      this.#isFlushScheduled = true;
      queueMicrotask(() => {
        this.#isFlushScheduled = false;
        this.#flush();
      });
    }
    return true;
  }

  /** Open the stream if there is a connection and no stream yet. */
  ensure(): void {
    if (this.#isStopped || this.#isOpening || this.#stream !== undefined) return;
    const connection = this.#options.connection();
    if (connection === undefined) return;
    clearTimeout(this.#timer);
    this.#isOpening = true;
    void this.#open(connection);
  }

  /** The connections are gone: the next one starts without back-off. */
  disconnected(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#forget();
  }

  async #open(connection: Connection): Promise<void> {
    try {
      const stream = await connection.newStream(this.#options.protocol, {
        signal: AbortSignal.timeout(OPEN_TIMEOUT_MS),
        maxOutboundStreams: 4,
      });
      this.#isOpening = false;
      if (this.#isStopped || stream.status !== 'open') {
        stream.abort(new Error('stopped'));
        return this.#retry();
      }
      this.#use(stream);
    } catch (error) {
      this.#isOpening = false;
      this.#counters.bump('stream.open_failed');
      this.#options.onError(error);
      this.#retry();
    }
  }

  #use(stream: Stream): void {
    quietEvents(stream);
    this.#stream = stream;
    this.#forget();
    this.#isDraining = false;
    stream.addEventListener('close', (event) => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#counters.bump('stream.lost');
      const lost = this.#queue.length + this.#bulk.length;
      if (lost > 0) this.#counters.bump('frame.lost_in_queue', lost);
      this.#forget();
      if (event.error !== undefined) this.#options.onError(event.error);
      this.#options.onReady(false);
      this.#retry();
    });
    this.#counters.bump('stream.opened');
    this.#options.onReady(true);
  }

  #forget(): void {
    this.#queue = [];
    this.#bulk = [];
    this.#queuedBytes = 0;
  }

  #retry(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.ensure(), backoffMs(this.#failures, BACKOFF));
    this.#failures += 1;
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#isDraining) return;
    try {
      while (this.#queuedBytes > 0) {
        if (stream.send(this.#takeBatch())) continue;
        this.#isDraining = true;
        void this.#resumeWhenDrained(stream);
        return;
      }
    } catch (error) {
      // The stream closed under us; its 'close' event does the rest.
      this.#options.onError(error);
    }
  }

  async #resumeWhenDrained(stream: Stream): Promise<void> {
    try {
      await drained(stream);
    } catch {
      return;
    }
    if (this.#stream !== stream) return;
    this.#isDraining = false;
    this.#flush();
  }

  /** Segments before the proposal that names them when all leave in one write; else they wait. */
  #takeBatch(): Uint8Array {
    const isWhole = this.#queuedBytes <= WRITE_BYTES;
    const payloads: Uint8Array[] = [];
    let bytes = 0;
    for (const queue of isWhole ? [this.#bulk, this.#queue] : [this.#queue, this.#bulk]) {
      let count = 0;
      for (const payload of queue) {
        if (bytes > 0 && bytes + payload.byteLength > WRITE_BYTES) break;
        bytes += payload.byteLength;
        count += 1;
      }
      payloads.push(...queue.splice(0, count));
    }
    const batch = encodeFrames(payloads);
    this.#queuedBytes -= bytes;
    this.#sentBytes += batch.byteLength;
    this.#counters.bump('frame.sent', payloads.length);
    this.#counters.bump('frame.sent_bytes', batch.byteLength);
    this.#counters.bump('frame.writes');
    return batch;
  }

  #refuse(counter: string): false {
    this.#counters.bump(counter);
    return false;
  }
}
