import type { Target } from './post.ts';

/** How long after a failure a node counts for half as bad. */
const HALF_LIFE_MS = 5_000;
/** Below this a node is as good as one that never failed. */
const FORGOTTEN = 0.05;
const FAILURES_MAX = 6;

interface Health extends Target {
  readonly at: number;
  failures: number;
  failedAtMs: number;
  /** It said that it takes nothing before then. */
  busyUntilMs: number;
}

/**
 * The nodes a client knows, best first. A node that failed stands behind all that did not, until that is forgotten; among
 * equals the order is a rotation of the given one, so that many clients spread over the nodes and one stays where it is.
 */
export class Nodes {
  readonly #nodes: readonly Health[];
  readonly #nowMs: () => number;

  /** `first` is the place of the node to begin with. */
  constructor(targets: readonly Target[], first: number, nowMs: () => number) {
    const { length } = targets;
    const dealt = targets.map((_, at) => targets[(at + first) % length]).filter((one) => one !== undefined);
    this.#nodes = dealt.map((target, at) => ({
      url: target.url,
      token: target.token,
      at,
      failures: 0,
      failedAtMs: 0,
      busyUntilMs: 0,
    }));
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** All of them, best first. */
  ranked(): Target[] {
    const nowMs = this.#nowMs();
    const rated = this.#nodes.map((node) => ({ node, penalty: penaltyOf(node, nowMs) }));
    return rated.sort((a, b) => a.penalty - b.penalty || a.node.at - b.node.at).map(({ node }) => node);
  }

  worked(target: Target): void {
    this.#change(target, (node) => {
      node.failures = 0;
      node.busyUntilMs = 0;
    });
  }

  failed(target: Target): void {
    const nowMs = this.#nowMs();
    this.#change(target, (node) => {
      node.failures = Math.min(FAILURES_MAX, 1 + penaltyOf({ ...node, busyUntilMs: 0 }, nowMs));
      node.failedAtMs = nowMs;
    });
  }

  /** It answers, and asked to be left alone for a while. */
  busy(target: Target, retryAfterMs: number): void {
    this.#change(target, (node) => {
      node.busyUntilMs = this.#nowMs() + retryAfterMs;
    });
  }

  /** How long until a node takes something again, as far as they said; 0 when one does now. */
  restMs(): number {
    const nowMs = this.#nowMs();
    return Math.max(0, Math.min(...this.#nodes.map(({ busyUntilMs }) => busyUntilMs - nowMs)));
  }

  #change(target: Target, change: (node: Health) => void): void {
    const node = this.#nodes.find((one) => one === target);
    if (node !== undefined) change(node);
  }
}

/** A busy node stands behind the idle and before those that failed just now. */
function penaltyOf({ failures, failedAtMs, busyUntilMs }: Health, nowMs: number): number {
  const aged = failures * 0.5 ** (Math.max(0, nowMs - failedAtMs) / HALF_LIFE_MS);
  return (aged < FORGOTTEN ? 0 : aged) + (busyUntilMs > nowMs ? FORGOTTEN : 0);
}
