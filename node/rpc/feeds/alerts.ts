import type { NodeApi } from '../node-api.ts';
import { toTime } from '../render.ts';

export interface Alert {
  readonly seq: number;
  readonly time: string;
  readonly kind: 'ready' | 'not-ready' | 'writable' | 'read-only';
  readonly text: string;
}

/** As subscribers see it. */
export function renderAlert({ time, kind, text }: Alert): object {
  return { time, kind, text };
}

const KEPT = 256;

/**
 * What this node has to say of itself: whether it is ready, and whether it writes. These are no facts of the ledger: `seq`
 * counts since the start of the node, and `epoch` names that start, so that nobody resumes in another one unawares.
 */
export class Alerts {
  readonly #api: NodeApi;
  readonly #nowMs: () => number;
  readonly #listeners = new Set<() => void>();
  readonly epoch: string;
  #kept: Alert[] = [];
  #count = 0;
  #last: { readonly ready: boolean; readonly writable: boolean } | undefined;

  constructor(api: NodeApi, nowMs: () => number) {
    this.#api = api;
    this.#nowMs = nowMs;
    this.epoch = `${toTime(nowMs())}-${Math.floor(api.status().uptimeMs)}`;
  }

  get seq(): number {
    return this.#count;
  }

  /** Look at the node: once a second, and whenever somebody asks. */
  look(): void {
    const { ready, writable, notReadyReason } = this.#api.status();
    const last = this.#last;
    this.#last = { ready, writable };
    if (last === undefined) return;
    if (last.writable !== writable)
      this.#tell(writable ? 'writable' : 'read-only', notReadyReason ?? 'it writes again');
    if (last.ready !== ready) this.#tell(ready ? 'ready' : 'not-ready', notReadyReason ?? 'ready for votes');
  }

  /** Alerts after `seq`, and how many of them are not kept any more. */
  after(seq: number): { readonly lost: number; readonly events: readonly Alert[] } {
    const events = this.#kept.filter((one) => one.seq > seq);
    return { lost: this.#count - seq - events.length, events };
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(kind: Alert['kind'], text: string): void {
    this.#count += 1;
    this.#kept = [...this.#kept, { seq: this.#count, time: toTime(this.#nowMs()), kind, text }].slice(-KEPT);
    for (const listener of this.#listeners) listener();
  }
}
