import type { Stream } from '@libp2p/interface';

type Listener = (event: unknown) => void;

/** A muxed stream that says what a test tells it to. A listener that throws, throws at the test. */
export class FakeStream {
  status = 'open';
  readStatus = 'readable';
  remoteWriteStatus = 'writable';
  readableEnded = false;
  readBufferLength = 0;
  resumes = 0;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #creditError: Error | undefined;

  constructor(creditError?: Error) {
    this.#creditError = creditError;
  }

  /** As the library's type, which has far more members. */
  get asStream(): Stream {
    return this as unknown as Stream;
  }

  addEventListener(name: string, listener: Listener): void {
    const known = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, known.add(listener));
  }

  removeEventListener(name: string, listener: Listener): void {
    this.#listeners.get(name)?.delete(listener);
  }

  #tell(name: string, event: object = {}): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event);
  }

  receive(chunk: Uint8Array): void {
    this.#tell('message', { data: { subarray: () => chunk } });
  }

  /** The remote is done writing. */
  finish(): void {
    this.#tell('remoteCloseWrite');
    this.#tell('end');
  }

  lose(): void {
    this.status = 'reset';
    this.#tell('close', { error: new Error('connection lost') });
  }

  sendPause(): void {}

  sendResume(): void {
    this.resumes += 1;
    if (this.#creditError !== undefined) throw this.#creditError;
  }

  pause(): void {}
  resume(): void {}
  abort(): void {}
  async close(): Promise<void> {}
}
