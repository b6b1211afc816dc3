import type { ReplicaConfig } from '../../../consensus/types.ts';
import type { Core } from './core.ts';
import type { Costs } from './costs.ts';
import type { Kind, UsualTimes } from './usual-times.ts';

/** Charges a core for code that really runs, and for its signatures, which are stand-ins here, what real ones cost. */
export class Stopwatch {
  readonly #core: Core;
  readonly #costs: Costs;
  readonly #usual: UsualTimes;
  #standInsMs = 0;
  signed = 0;
  verified = 0;

  constructor(core: Core, costs: Costs, usual: UsualTimes) {
    this.#core = core;
    this.#costs = costs;
    this.#usual = usual;
  }

  /** A configuration whose signatures are counted. */
  watched(config: ReplicaConfig): ReplicaConfig {
    return {
      ...config,
      sign: (message) => {
        this.signed += 1;
        return this.#standIn(() => config.sign(message));
      },
      verify: (key, message, signature) => {
        this.verified += 1;
        return this.#standIn(() => config.verify(key, message, signature));
      },
    };
  }

  #standIn<Value>(run: () => Value): Value {
    const startedMs = performance.now();
    const value = run();
    this.#standInsMs += performance.now() - startedMs;
    return value;
  }

  /** Run and charge: what so many units usually take or are said to cost, and their signatures. */
  time<Value>(kind: Kind, run: () => Value, unitsOf: (value: Value) => number = () => 1): Value {
    const { signUs, verifyUs } = this.#costs;
    const before = { signed: this.signed, verified: this.verified, standInsMs: this.#standInsMs };
    const startedMs = performance.now();
    const value = run();
    const tookMs = performance.now() - startedMs - (this.#standInsMs - before.standInsMs);
    const units = unitsOf(value);
    const usualUs = 1_000 * this.#usual.taken(kind, units, tookMs);
    const fixedUs = this.#costs[`${kind}Us`];
    this.#core.charge('handling', fixedUs === undefined ? usualUs : units * fixedUs);
    const signaturesUs = (this.signed - before.signed) * signUs + (this.verified - before.verified) * verifyUs;
    this.#core.charge('signatures', signaturesUs);
    return value;
  }
}
