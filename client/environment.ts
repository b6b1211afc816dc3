/** What the client needs of where it runs; tests drive it. Everything in it is there in browsers and in Node. */
export interface Environment {
  readonly fetch: typeof globalThis.fetch;
  openSocket(url: string): WebSocket;
  /** Unix milliseconds. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when the signal is given; never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** 0 ≤ value < 1. */
  random(): number;
}

/** The real one, with what is given in the place of its own. */
export function environmentWith(given: Partial<Environment>): Environment {
  return {
    // Browsers want their own object as the receiver.
    fetch: (input, init) => globalThis.fetch(input, init),
    openSocket: (url) => new WebSocket(url),
    nowMs: () => Date.now(),
    wait,
    random: () => Math.random(),
    ...given,
  };
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}

/** A signal of this call alone: given when `outer` is, or by itself. `release` forgets the outer one. */
export function linkedAbort(outer: AbortSignal | undefined): {
  readonly signal: AbortSignal;
  abort(): void;
  release(): void;
} {
  const own = new AbortController();
  const abort = () => own.abort();
  if (outer?.aborted) abort();
  else outer?.addEventListener('abort', abort);
  return { signal: own.signal, abort, release: () => outer?.removeEventListener('abort', abort) };
}
