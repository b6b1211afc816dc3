import type { Connection, Stream } from '@libp2p/interface';
import { pipe } from 'it-pipe';
import { WaggleError } from '../../../protocol/errors.ts';
import type { Counters } from '../counters.ts';
import { refusedCounter } from './frame-inbox.ts';
import { encodeFrames, frame, unframe } from './frames.ts';
import { readStream, reasonOf, writeStream } from './streams.ts';

export interface SyncLimits {
  readonly requestBytesMax: number;
  readonly frameBytesMax: number;
  readonly idleMs: number;
  readonly totalMs: number;
  /** Requests of one peer served at once. */
  readonly inboundMax: number;
}

export type ServeSync = (from: string, request: Uint8Array) => AsyncIterable<Uint8Array>;

/** Serves sync requests: one stream each, one framed request, then frames until the answer is complete. */
export class SyncServer {
  readonly #limits: SyncLimits;
  readonly #counters: Counters;
  readonly #serve: ServeSync;
  readonly #name: string;
  readonly #open = new Map<string, number>();
  readonly #streams = new Set<Stream>();

  /** `name` begins its counters. */
  constructor(limits: SyncLimits, serve: ServeSync, counters: Counters, name = 'sync') {
    this.#name = name;
    this.#limits = limits;
    this.#serve = serve;
    this.#counters = counters;
  }

  async accept(from: string, stream: Stream): Promise<void> {
    const open = this.#open.get(from) ?? 0;
    if (open >= this.#limits.inboundMax) {
      this.#counters.bump(`${this.#name}.refused_too_many`);
      return stream.abort(new WaggleError('WAGGLE_NETWORK_SYNC_BUSY'));
    }
    this.#open.set(from, open + 1);
    this.#streams.add(stream);
    const watch = new Watch(stream, this.#limits);
    try {
      await pipe(
        readStream(stream),
        unframe(this.#limits.requestBytesMax),
        (requests) => this.#answer(from, requests, watch),
        frame(this.#limits.frameBytesMax),
        writeStream(stream, () => watch.progress()),
      );
      await stream.close();
      this.#counters.bump(`${this.#name}.served`);
    } catch (error) {
      this.#counters.bump(refusedCounter(error) ?? `${this.#name}.aborted`);
      stream.abort(error instanceof Error ? error : new WaggleError('WAGGLE_NETWORK_SYNC_FAILED'));
    } finally {
      watch.stop();
      this.#streams.delete(stream);
      this.#open.set(from, (this.#open.get(from) ?? 1) - 1);
    }
  }

  /** Reset what is being answered: closing the connection in good order would end the stream as a complete answer does. */
  stop(): void {
    for (const stream of this.#streams) stream.abort(new WaggleError('WAGGLE_NETWORK_STOPPED'));
  }

  async *#answer(
    from: string,
    requests: AsyncIterable<Uint8Array>,
    watch: Watch,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const request of requests) {
      watch.progress();
      for await (const bytes of this.#serve(from, request)) {
        watch.check();
        this.#counters.bump(`${this.#name}.sent_bytes`, bytes.byteLength);
        yield bytes;
      }
      return;
    }
    throw new WaggleError('WAGGLE_NETWORK_FRAME_TRUNCATED');
  }
}

/**
 * Ask a connected peer and hand each frame of its answer to `onFrame`, in order. Resolves when the answer is complete.
 * @throws WaggleError WAGGLE_NETWORK_SYNC_ABORTED (the signal), WAGGLE_NETWORK_SYNC_TIMEOUT, WAGGLE_NETWORK_SYNC_FAILED
 * (broken or malformed answer); and whatever `onFrame` throws
 */
export async function requestSync(
  connection: Connection,
  protocol: string,
  request: Uint8Array,
  onFrame: (bytes: Uint8Array) => void,
  signal: AbortSignal,
  limits: SyncLimits,
): Promise<void> {
  if (request.byteLength === 0 || request.byteLength > limits.requestBytesMax) {
    throw new WaggleError('WAGGLE_NETWORK_SYNC_REQUEST_SIZE', { bytes: request.byteLength });
  }
  let stream: Stream;
  try {
    stream = await connection.newStream(protocol, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.idleMs)]),
    });
  } catch (error) {
    throw failure(error, signal, undefined);
  }
  const watch = new Watch(stream, limits);
  const onAbort = (): void => stream.abort(new WaggleError('WAGGLE_NETWORK_SYNC_ABORTED'));
  signal.addEventListener('abort', onAbort);
  let handlerError: { readonly error: unknown } | undefined;
  try {
    signal.throwIfAborted();
    const chunks = readStream(stream);
    stream.send(encodeFrames([request]));
    await stream.close();
    await pipe(chunks, unframe(limits.frameBytesMax), async (frames: AsyncIterable<Uint8Array>) => {
      for await (const bytes of frames) {
        watch.progress();
        try {
          onFrame(bytes);
        } catch (error) {
          handlerError = { error };
          throw error;
        }
      }
    });
  } catch (error) {
    stream.abort(error instanceof Error ? error : new WaggleError('WAGGLE_NETWORK_SYNC_FAILED'));
    if (handlerError !== undefined) throw handlerError.error;
    throw failure(error, signal, watch);
  } finally {
    watch.stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function failure(error: unknown, signal: AbortSignal, watch: Watch | undefined): WaggleError {
  if (signal.aborted) return new WaggleError('WAGGLE_NETWORK_SYNC_ABORTED');
  if (watch?.isOver || (error instanceof Error && error.name === 'TimeoutError')) {
    return new WaggleError('WAGGLE_NETWORK_SYNC_TIMEOUT');
  }
  return new WaggleError('WAGGLE_NETWORK_SYNC_FAILED', { reason: reasonOf(error) });
}

/** Resets a stream that stands still for `idleMs`, or lasts longer than `totalMs`. */
class Watch {
  readonly #stream: Stream;
  readonly #endsAtMs: number;
  readonly #timer: NodeJS.Timeout;
  isOver = false;

  constructor(stream: Stream, limits: SyncLimits) {
    this.#stream = stream;
    this.#endsAtMs = performance.now() + limits.totalMs;
    this.#timer = setTimeout(() => this.#expire(), limits.idleMs);
  }

  /** Bytes moved. */
  progress(): void {
    if (performance.now() > this.#endsAtMs) this.#expire();
    else if (!this.isOver) this.#timer.refresh();
  }

  /** @throws WaggleError WAGGLE_NETWORK_SYNC_TIMEOUT once the time is over */
  check(): void {
    if (this.isOver) throw new WaggleError('WAGGLE_NETWORK_SYNC_TIMEOUT');
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #expire(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    this.#stream.abort(new WaggleError('WAGGLE_NETWORK_SYNC_TIMEOUT'));
  }
}
