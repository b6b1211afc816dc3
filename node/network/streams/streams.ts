import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import { WaggleError } from '../../../protocol/errors.ts';

/** Unread bytes at which the sender is told to wait (Yamux stops opening its window). */
const PAUSE_AT_BYTES = 256 * 1024;

/** Read bytes after which the sender is told of room again, on a stream that carries many small messages. */
const CREDIT_BYTES = 64 * 1024;

/** How a muxed stream of the library stops and goes on telling the sender of room, apart from reading. */
interface Crediting {
  sendPause(): void;
  sendResume(): void;
}

/** For streams of small messages: Yamux answers each with a window update, which costs as much as the message. */
export interface ReadOptions {
  readonly creditsRarely: boolean;
}

/**
 * Read a libp2p stream as an async iterable of chunks with back-pressure. Listens from the call on, so no byte is missed.
 * Ends when the remote closes its writing side, and only then: a reset or a lost connection throws WAGGLE_NETWORK_STREAM_RESET
 * (after the bytes that had arrived, unless the reset was ours), so half an answer never passes for a whole one.
 * Breaking out of the loop only stops reading: the stream can still be written.
 */
export function readStream(stream: Stream, options?: ReadOptions): AsyncIterableIterator<Uint8Array> {
  return new StreamReader(stream, options?.creditsRarely === true && isCrediting(stream) ? stream : undefined);
}

function isCrediting(stream: Stream): stream is Stream & Crediting {
  return 'sendPause' in stream && 'sendResume' in stream;
}

class StreamReader implements AsyncIterableIterator<Uint8Array> {
  readonly #stream: Stream;
  #chunks: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  /** The remote said that it is done writing. */
  #finished: boolean;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #crediting: Crediting | undefined;
  #uncreditedBytes = 0;

  constructor(stream: Stream, crediting: Crediting | undefined) {
    this.#stream = stream;
    this.#crediting = crediting;
    this.#finished = stream.remoteWriteStatus === 'closed';
    this.#ended = stream.readableEnded;
    if (stream.status === 'aborted' || stream.status === 'reset') this.#error = resetError(undefined);
    stream.addEventListener('remoteCloseWrite', this.#onFinish);
    stream.addEventListener('end', this.#onEnd);
    stream.addEventListener('close', this.#onClose);
    stream.addEventListener('message', this.#onMessage);
    if (isReadable(stream)) crediting?.sendPause();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#queuedBytes -= chunk.byteLength;
        this.#resume();
        return { done: false, value: chunk };
      }
      if (this.#error !== undefined || this.#ended) {
        this.#detach();
        if (this.#error !== undefined) throw this.#error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#ended = true;
    this.#chunks = [];
    this.#detach();
    return { done: true, value: undefined };
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    const chunk = event.data.subarray();
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    if (!this.#paused && this.#queuedBytes >= PAUSE_AT_BYTES && isReadable(this.#stream)) {
      this.#paused = true;
      this.#stream.pause();
    }
    this.#credit(chunk.byteLength);
    this.#signal();
  };

  /** Far below the window, so the sender never waits for it. */
  #credit(bytes: number): void {
    this.#uncreditedBytes += bytes;
    if (this.#crediting === undefined || this.#uncreditedBytes < CREDIT_BYTES || this.#paused) return;
    this.#uncreditedBytes = 0;
    if (this.#stream.status !== 'open') return;
    try {
      this.#crediting.sendResume();
    } catch {
      // The connection is closing under the stream, whose 'close' ends this reader. Thrown in an event listener it would end the process.
    }
    this.#crediting.sendPause();
  }

  readonly #onFinish = (): void => {
    this.#finished = true;
  };

  readonly #onEnd = (): void => {
    if (this.#finished) this.#ended = true;
    else this.#error ??= resetError(undefined);
    this.#signal();
  };

  readonly #onClose = (event: StreamCloseEvent): void => {
    if (event.local === true) this.#chunks = [];
    if (event.error !== undefined || !this.#finished) this.#error = resetError(event.error);
    // A paused stream may close with bytes still unread; 'end' follows once they are.
    else if (this.#stream.readBufferLength === 0) this.#ended = true;
    this.#signal();
  };

  #resume(): void {
    if (!this.#paused || this.#queuedBytes >= PAUSE_AT_BYTES) return;
    this.#paused = false;
    if (!isReadable(this.#stream)) return;
    this.#stream.resume();
    this.#crediting?.sendPause();
  }

  #signal(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #detach(): void {
    this.#stream.removeEventListener('remoteCloseWrite', this.#onFinish);
    this.#stream.removeEventListener('end', this.#onEnd);
    this.#stream.removeEventListener('close', this.#onClose);
    this.#stream.removeEventListener('message', this.#onMessage);
    this.#signal();
  }
}

/** it-pipe sink: write every chunk, waiting whenever the stream asks to. */
export function writeStream(stream: Stream, onProgress: () => void) {
  return async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const bytes of source) {
      if (!stream.send(bytes)) await drained(stream);
      onProgress();
    }
  };
}

/**
 * Wait until a stream whose `send` returned false has passed everything on.
 * Not `stream.onDrain()`: in @libp2p/utils 7.4 it keeps its first promise for ever, so a second wait returns at once.
 * @throws WaggleError WAGGLE_NETWORK_STREAM_RESET when the stream closes first
 */
export function drained(stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.status !== 'open' && stream.status !== 'closing') {
      reject(resetError(undefined));
      return;
    }
    const stop = (): void => {
      stream.removeEventListener('drain', onDrain);
      stream.removeEventListener('close', onClose);
    };
    const onDrain = (): void => {
      // The stream itself sends its rest in a microtask queued before this one.
      queueMicrotask(() => {
        if (stream.writableNeedsDrain || stream.writeBufferLength > 0) return;
        stop();
        resolve();
      });
    };
    const onClose = (event: StreamCloseEvent): void => {
      stop();
      reject(resetError(event.error));
    };
    stream.addEventListener('drain', onDrain);
    stream.addEventListener('close', onClose);
  });
}

/** A short, stable word for why something on the network failed: never its text, which may name paths or hosts. */
export function reasonOf(error: unknown): string {
  if (error instanceof WaggleError) return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error) {
    const code = (error as NodeJS.ErrnoException).code;
    return typeof code === 'string' ? code : error.name;
  }
  return 'unknown';
}

function isReadable(stream: Stream): boolean {
  return stream.readStatus === 'readable' || stream.readStatus === 'paused';
}

function resetError(cause: unknown): WaggleError {
  return new WaggleError('WAGGLE_NETWORK_STREAM_RESET', { reason: reasonOf(cause) });
}
