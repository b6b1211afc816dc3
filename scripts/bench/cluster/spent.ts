import type { Meters } from './meters.ts';

/** What a network used while a load ran: for `around` of a load. */
export class Spent {
  /** Of all nodes together. */
  cpuUs = 0;
  /** NaN where nobody counts them. */
  wireBytes = 0;
  readonly #meters: Meters;

  constructor(meters: Meters) {
    this.#meters = meters;
  }

  start(): void {
    this.cpuUs -= this.#meters.cpuUs();
    this.wireBytes -= this.#meters.wireBytes();
  }

  stop(): void {
    this.cpuUs += this.#meters.cpuUs();
    this.wireBytes += this.#meters.wireBytes();
  }
}
