import type { SessionResult } from '../../node/cli/rpc-shapes.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import { askAny, type Member, operate } from './members.ts';

const SUFFIX_MAX = 10_000;

/** `wanted`, or with `-2`, `-3`, … the first id that no session of the space has. */
export async function freeSessionId(members: readonly Member[], space: string, wanted: string): Promise<string> {
  for (let suffix = 1; suffix <= SUFFIX_MAX; suffix++) {
    const id = suffix === 1 ? wanted : `${wanted}-${suffix}`;
    if (isId(id) && (await getSession(members, space, id)) === undefined) return id;
  }
  throw new WaggleError('WAGGLE_CLI_USAGE', {
    reason: `no free session id after ${wanted}`,
    next: 'waggle session list',
  });
}

/** Undefined when there is no such session. */
export async function getSession(
  members: readonly Member[],
  space: string,
  session: string,
): Promise<SessionResult | undefined> {
  const { result } = await askAny(members, (member) =>
    found(() => member.client.call<SessionResult>('session_get', { space, session })),
  );
  return result;
}

/** Have a space whose sessions any operator of this network may open. */
export async function ensureSpace(
  members: readonly Member[],
  space: string,
  openers: readonly string[],
): Promise<void> {
  const { result } = await askAny(members, (member) => found(() => member.client.call<object>('space_get', { space })));
  if (result !== undefined) return;
  const params = { id: space, title: space, openers };
  await operate(members, 'space_create', params);
}

/** Open a session and wait until every node that answers has it. */
export async function openSession(members: readonly Member[], params: object): Promise<void> {
  await operate(members, 'session_open', params);
}

export async function closeSession(
  members: readonly Member[],
  space: string,
  session: string,
  reason: string,
): Promise<void> {
  // The opener’s key closes; every operator of a testnet is an admin as well, so any node may.
  await operate(members, 'session_close', { space, session, reason });
}

/** Application errors 2xxx with `unknown` in their type say that something is not there. */
async function found<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof WaggleError) || error.code !== 'WAGGLE_RPC_REFUSED') throw error;
    const { number, type } = error.facts;
    const area = Math.floor(Number(number) / 1000);
    if (area === 2 && /unknown|not[._-]?found/i.test(String(type))) return undefined;
    throw error;
  }
}
