import { EventQueue } from '../../../consensus/sim/queue.ts';
import type { Link, Profile } from './profiles.ts';

/** Costs in CPU-µs on a whole core, after the budget of the goals: a segment costs ten items, whatever is in it. */
export const COSTS = {
  segmentUs: 400,
  admitItemUs: 15,
  receiveItemUs: 10,
  executeItemUs: 25,
  messageUs: 40,
} as const;

/** Virtual time, and everything that will happen. */
export class World {
  readonly profile: Profile;
  readonly #queue = new EventQueue<() => void>();
  readonly #freeAtMs = new Map<number, number>();
  nowMs = 0;

  constructor(profile: Profile) {
    this.profile = profile;
  }

  at(atMs: number, run: () => void): void {
    this.#queue.push(Math.max(atMs, this.nowMs), run);
  }

  runUntil(endMs: number): void {
    for (let next = this.#queue.nextAtMs; next !== undefined && next <= endMs; next = this.#queue.nextAtMs) {
      this.nowMs = next;
      this.#queue.pop()?.event();
    }
    this.nowMs = endMs;
  }

  get link(): Link {
    const current = this.profile.links.findLast(({ fromMs }) => fromMs <= this.nowMs) ?? this.profile.links[0];
    if (current === undefined) throw new RangeError(`${this.profile.name} has no link`);
    return current.link;
  }

  /** How long something sent now would take: what was sent before, and the way. */
  delayMs(from: number, to: number): number {
    const waitMs = Math.max(0, (this.#freeAtMs.get(from * 1_000 + to) ?? 0) - this.nowMs);
    return waitMs + this.link.delayMs;
  }

  /** What was sent before is through before. */
  carry(from: number, to: number, bytes: number, arrive: () => void): void {
    const { delayMs, bytesPerS } = this.link;
    const key = from * 1_000 + to;
    const sentMs = Math.max(this.nowMs, this.#freeAtMs.get(key) ?? 0) + (1_000 * bytes) / bytesPerS;
    this.#freeAtMs.set(key, sentMs);
    this.at(sentMs + delayMs, arrive);
  }
}

/** What a node has to do: `start` tells its cost in µs when its turn comes, `end` is what follows. */
interface Task {
  readonly queuedMs: number;
  readonly start: () => number;
  readonly end: () => void;
}

/** One core, or a part of it: one task after the other, in the order of their arrival. */
export class Processor {
  readonly #world: World;
  readonly #share: number;
  #tasks: Task[] = [];
  #head = 0;
  #isBusy = false;
  /** CPU-ms spent, and how long tasks waited, since somebody asked. */
  #busyMs = 0;
  #waitsMs: number[] = [];

  constructor(world: World, share: number) {
    this.#world = world;
    this.#share = share;
  }

  run(start: () => number, end: () => void): void {
    this.#tasks.push({ queuedMs: this.#world.nowMs, start, end });
    if (!this.#isBusy) this.#next();
  }

  #next(): void {
    const task = this.#tasks[this.#head];
    this.#isBusy = task !== undefined;
    if (task === undefined) {
      this.#tasks = [];
      this.#head = 0;
      return;
    }
    this.#head += 1;
    this.#waitsMs.push(this.#world.nowMs - task.queuedMs);
    const costMs = task.start() / 1_000;
    this.#busyMs += costMs;
    this.#world.at(this.#world.nowMs + costMs / this.#share, () => {
      task.end();
      this.#next();
    });
  }

  /** How long something that comes now would wait. */
  get backlogMs(): number {
    const oldest = this.#tasks[this.#head];
    return oldest === undefined ? 0 : this.#world.nowMs - oldest.queuedMs;
  }

  /** For the sampler: what the windows of a machine sample hold. */
  takeUsage(): { readonly busyMs: number; readonly waitMsP99: number } {
    const waits = this.#waitsMs.sort((a, b) => a - b);
    const waitMsP99 = waits[Math.floor(0.99 * (waits.length - 1))] ?? 0;
    const usage = { busyMs: this.#busyMs, waitMsP99 };
    this.#busyMs = 0;
    this.#waitsMs = [];
    return usage;
  }
}
