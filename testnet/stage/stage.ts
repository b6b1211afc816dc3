import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WaggleError } from '../../protocol/errors.ts';
import { killNode, launchNode, pauseNode, resumeNode, startNode, stopNode } from '../network/control.ts';
import { readGenesisFile } from '../network/genesis-file.ts';
import type { OpenTestnet } from '../network/open.ts';
import { nodeNamed, requireTestnet } from '../network/state.ts';
import { connectRelay } from '../relay/client.ts';
import { readRelayFile } from '../relay/relay-file.ts';
import type { Stage } from '../scenarios/scenario.ts';
import { membersOf } from '../voting/members.ts';
import { TapJudge } from '../wire-tap/judge.ts';
import { judgeLedgers, judgeTaps } from './judge.ts';
import { startLoad } from './load.ts';
import { isBusyMachine, patient } from './patient.ts';
import { randomOf } from './random.ts';
import { untilAtTip } from './tip.ts';

const TIP_WAIT_MS = 60_000;
const FIRST_FINAL_MS = 60_000;

export interface StageOptions {
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly restarts: number | undefined;
}

/** Where the nodes of a stage leave what they were sent. */
export function tapsOf(directory: string): string {
  return join(directory, 'taps');
}

/** What a scenario may do to a network that runs already. */
export async function createStage(testnet: OpenTestnet, { seed, say, signal, restarts }: StageOptions): Promise<Stage> {
  const { directory, file } = testnet;
  const members = (await membersOf(file)).map((member) => patient(member, isBusyMachine));
  const names = file.nodes.map(({ name }) => name);
  const relay = (await readRelayFile(directory)) === undefined ? undefined : await connectRelay(directory, names);
  const down = new Set<string>();
  const { genesis } = await readGenesisFile(file.genesis);
  const readTaps = (node?: string) => new TapJudge(genesis).readFolder(tapsOf(directory), node);
  const member = (name: string) => {
    nodeNamed(file, name);
    return members.find((one) => one.name === name) as (typeof members)[number];
  };
  const ended = async (name: string, end: (directory: string, name: string) => Promise<void>) => {
    down.add(name);
    await end(directory, name);
  };
  return {
    directory,
    names,
    members,
    random: randomOf(seed),
    restarts,
    signal,
    say,
    rest: async (ms) => {
      signal.throwIfAborted();
      await wait(ms, undefined, { signal });
    },
    file: () => requireTestnet(directory),
    home: (name) => nodeNamed(file, name).home,
    member,
    kill: (name) => ended(name, killNode),
    stop: (name) => ended(name, stopNode),
    pause: async (name) => void (await pauseNode(directory, name)),
    resume: async (name) => void (await resumeNode(directory, name)),
    async start(name, options) {
      // A scenario that is over must not bring processes back while they are ended.
      signal.throwIfAborted();
      await startNode(directory, name, true, options);
      down.delete(name);
    },
    async launch(name, options) {
      signal.throwIfAborted();
      const { child } = await launchNode(directory, name, { ...options, tied: true });
      down.delete(name);
      // Who launches a node judges by itself how it ends.
      child.once('exit', () => down.add(name));
      return child;
    },
    get relay() {
      if (relay === undefined) throw new TypeError("a scenario that touches links says needs: ['relay']");
      return relay;
    },
    async load(plan = {}) {
      const load = await startLoad(file, members, plan, signal);
      if (Number.isFinite(await load.untilFinalAfter(0, FIRST_FINAL_MS))) return load;
      throw new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason: 'no ballot became final on the whole network' });
    },
    untilTip: (name, timeoutMs = TIP_WAIT_MS) => {
      member(name);
      return untilAtTip(members, name, timeoutMs, signal);
    },
    async judge(load, villains = [], guests = []) {
      await load.stop();
      const asked = [...members.filter(({ name }) => !down.has(name)), ...guests];
      return [...(await judgeLedgers(asked, load)), judgeTaps(await readTaps(), villains)];
    },
    signedTwice: async (heardBy) => (await readTaps(heardBy)).conflicts,
  };
}
