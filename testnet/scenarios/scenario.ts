import type { ChildProcess } from 'node:child_process';
import type { TestnetFile } from '../../node/cli/testnet-file.ts';
import type { LaunchOptions } from '../network/control.ts';
import type { RelayClient } from '../relay/client.ts';
import type { Load, LoadPlan } from '../stage/load.ts';
import type { Member } from '../voting/members.ts';
import type { Conflict } from '../wire-tap/judge.ts';

/** What a scenario cannot do without: a network made with --faults, strace on the path, the rights of root, faketime. */
export type Need = 'relay' | 'strace' | 'root' | 'faketime';

/** One thing that must hold under one fault, on real processes. The file has its name. */
export interface Scenario {
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly promise: string;
  readonly needs?: readonly Need[];
  /** After how long it is stuck, where three minutes are not enough. */
  limitMs?(stage: Stage): number;
  /** Everything it starts it starts through the stage, which ends it. An error is a scenario that does not hold. */
  run(stage: Stage): Promise<readonly Finding[]>;
}

export interface Finding {
  /** An invariant of reliability.md 2: S1, S2 …, L1 … */
  readonly invariant: string;
  readonly holds: boolean;
  /** A few words with the number that was measured: `gap 1.2 s (aim 5 s)`. */
  readonly figure: string;
}

/** Four validators as processes of their own in a temporary folder, all ready, and what can be done to them. */
export interface Stage {
  readonly directory: string;
  /** node1 … node4. */
  readonly names: readonly string[];
  /** JSON-RPC of every node, with its admin token. */
  readonly members: readonly Member[];
  /** How often a node is to be started again, where a scenario counts that and the caller said so. */
  readonly restarts: number | undefined;
  /** 0 ≤ x < 1, the same row for the same seed. */
  readonly random: () => number;
  /** Aborted when the scenario is over, in time or not. */
  readonly signal: AbortSignal;
  /** A line for who watches. */
  say(line: string): void;
  /** @throws the reason of `signal` when the scenario ends meanwhile */
  rest(ms: number): Promise<void>;
  /** The network as it is now, with pids. */
  file(): Promise<TestnetFile>;
  home(name: string): string;
  member(name: string): Member;

  /** SIGKILL. */
  kill(name: string): Promise<void>;
  /** SIGTERM, and wait until it ended. */
  stop(name: string): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  /** Start a node that does not run, and wait until it answers; not until it is ready. */
  start(name: string, options?: LaunchOptions): Promise<void>;
  /** Start it and wait for nothing: for a start that may be refused. */
  launch(name: string, options?: LaunchOptions): Promise<ChildProcess>;

  /** The links between the nodes; only for a scenario that needs `relay`. */
  readonly relay: RelayClient;

  /** Voters with keys of their own vote in a steady flow, through the SDK that knows all nodes. The first is final already. */
  load(plan?: LoadPlan): Promise<Load>;
  /**
   * Wait until a node is ready and stands where the others stood a moment ago.
   * @returns the milliseconds it took; infinite when it did not within `timeoutMs`
   */
  untilTip(name: string, timeoutMs?: number): Promise<number>;
  /**
   * End the load, let the nodes come level, and hold what the voters were told and what they signed against the ledger of
   * every node (S1, S2, S3), and what came over the wires against who signed it (S4): `villains` are those whose key was
   * made to sign twice. A node that the scenario left killed or stopped is not asked; every other one must answer,
   * and so must guests that joined meanwhile.
   */
  judge(load: Load, villains?: readonly string[], guests?: readonly Member[]): Promise<Finding[]>;
  /** What any key signed twice so far, over all lives of all nodes, or by what one of them heard alone. */
  signedTwice(heardBy?: string): Promise<readonly Conflict[]>;
}
