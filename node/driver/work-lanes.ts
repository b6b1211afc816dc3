interface Job {
  readonly cost: number;
  readonly run: () => void;
}

/** Units done between two turns of the event loop: one signature is about 0.1 ms, so consensus waits 2 ms at most. */
export const UNITS_PER_TURN = 16;

/**
 * Work of many senders on one thread: one job of each in turn, some units, then everything else first. Whatever one
 * sender brings, another one waits for as many jobs of it as it has itself.
 */
export class WorkLanes {
  readonly #turn: () => Promise<void>;
  readonly #lanes = new Map<string, Job[]>();
  #isRunning = false;

  /** `turn` resolves when what else is ready to run has run. */
  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  /** What `work` answers, once it is its turn; `cost` in units. Callers bound how much they queue. */
  run<Value>(lane: string, cost: number, work: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      const jobs = this.#lanes.get(lane) ?? [];
      jobs.push({ cost, run });
      this.#lanes.set(lane, jobs);
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Jobs that wait. */
  get size(): number {
    return [...this.#lanes.values()].reduce((sum, jobs) => sum + jobs.length, 0);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#lanes.size > 0) {
      await this.#turn();
      for (let left = UNITS_PER_TURN; left > 0 && this.#lanes.size > 0; ) left -= this.#next();
    }
    this.#isRunning = false;
  }

  /** The first lane's first job; the lane goes to the end. */
  #next(): number {
    const [first] = this.#lanes;
    if (first === undefined) return 0;
    const [lane, jobs] = first;
    const job = jobs.shift();
    this.#lanes.delete(lane);
    if (jobs.length > 0) this.#lanes.set(lane, jobs);
    job?.run();
    return Math.max(1, job?.cost ?? 0);
  }
}
