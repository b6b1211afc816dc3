import { readFile } from 'node:fs/promises';
import { createRpcClient, isUnreachable, type RpcClient } from '../../node/cli/rpc-client.ts';
import type { NodeStatusResult } from '../../node/cli/rpc-shapes.ts';
import type { TestnetFile } from '../../node/cli/testnet-file.ts';
import { tokenPath } from '../../node/config/tokens.ts';
import { homePaths } from '../../node/storage/home.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';

/** A node of the network as a client of it: its RPC with the admin's token, which may do all that the operator's may. */
export interface Member {
  readonly name: string;
  readonly home: string;
  readonly client: RpcClient;
}

const POLL_MS = 50;
/** Codes of the RPC: the node is not ready; it gave up waiting and the item stays submitted. */
const NOT_READY = -32004;
const NOT_FINAL_YET = -32007;
const SETTLE_MS = 10_000;
/** How long a network without a quorum is waited for (interface.md, `testnet load`). */
export const QUORUM_WAIT_MS = 20_000;

export async function membersOf(file: TestnetFile): Promise<Member[]> {
  return await Promise.all(
    file.nodes.map(async ({ name, home, rpc }) => {
      const text = (await readFile(tokenPath(homePaths(home).tokens, 'admin'), 'utf8')).trim();
      return { name, home, client: createRpcClient({ url: rpc, token: text, timeoutMs: QUORUM_WAIT_MS }) };
    }),
  );
}

/** Whether another node may be asked in the place of one that failed so. */
export function isNoAnswer(error: unknown): boolean {
  return isUnreachable(error) || codeOf(error) === 'WAGGLE_RPC_TIMEOUT';
}

/** Nobody answers, or who answers says that it cannot make anything final just now. */
export function isNoQuorum(error: unknown): boolean {
  if (isNoAnswer(error)) return true;
  if (!(error instanceof WaggleError) || error.code !== 'WAGGLE_RPC_REFUSED') return false;
  return error.facts.number === NOT_READY || error.facts.number === NOT_FINAL_YET;
}

/**
 * Ask a member that is ready; another one when it fails. Only for what may be asked twice.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE nobody was ready, or made it final, within 20 s; any refusal as it came
 */
export async function askAny<Result>(
  members: readonly Member[],
  ask: (member: Member, timeoutMs: number) => Promise<Result>,
): Promise<{ readonly member: Member; readonly result: Result }> {
  const deadlineMs = performance.now() + QUORUM_WAIT_MS;
  for (;;) {
    const status = await statusOf(members);
    for (const member of members.filter((one) => status.get(one)?.ready === true)) {
      try {
        // Half of what is left: a node that was cut off a moment ago says that it is ready, and must not use up all of it.
        const askMs = Math.max(1, Math.ceil((deadlineMs - performance.now()) / 2));
        return { member, result: await ask(member, askMs) };
      } catch (error) {
        if (!isNoQuorum(error)) throw error;
      }
    }
    if (performance.now() >= deadlineMs) throw noQuorum(members.length);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * A governance operation through any member, and its effect on every member that answers. An operation that was sent,
 * not answered, and is then refused since it is done already, is done.
 */
export async function operate(members: readonly Member[], method: string, params: object): Promise<void> {
  let attempts = 0;
  const { member } = await askAny(members, async ({ client }, timeoutMs) => {
    attempts++;
    try {
      await client.call(method, params, { timeoutMs });
    } catch (error) {
      const type = error instanceof WaggleError ? String(error.facts.type) : '';
      if (attempts === 1 || !/\.(?:exists|closed)$/.test(type)) throw error;
    }
  });
  await settle(members, member);
}

export function noQuorum(nodes: number): WaggleError {
  return new WaggleError('WAGGLE_CLI_UNAVAILABLE', {
    reason: `no quorum: nothing became final on ${nodes} nodes for ${QUORUM_WAIT_MS / 1000} s`,
    next: 'waggle testnet status',
  });
}

/** Status of the members that answer. */
export async function statusOf(members: readonly Member[]): Promise<Map<Member, NodeStatusResult>> {
  const found = new Map<Member, NodeStatusResult>();
  await Promise.all(
    members.map(async (member) => {
      try {
        found.set(
          member,
          await member.client.call<NodeStatusResult>('node_status', {}, { timeoutMs: 2_000, attempts: 1 }),
        );
      } catch (error) {
        if (!isNoAnswer(error)) throw error;
      }
    }),
  );
  return found;
}

/** Wait until the members that answer have executed what `member` has; the slow are left behind after a while. */
export async function settle(members: readonly Member[], member: Member): Promise<void> {
  const { height } = await member.client.call<NodeStatusResult>('node_status');
  const deadlineMs = performance.now() + SETTLE_MS;
  while (performance.now() < deadlineMs) {
    const status = await statusOf(members);
    if ([...status.values()].every((one) => one.height >= height)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
