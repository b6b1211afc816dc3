import type { RpcClient } from '../../node/cli/rpc-client.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { isNoAnswer, type Member } from '../voting/members.ts';

const TRIES = 10;
const BETWEEN_MS = 500;
/** The code of JSON-RPC for what is no request. This client sends none of those: the node read it too slowly. */
const INVALID_REQUEST = -32_600;

/** Whether an answer says more of how busy the machine is than of the node. */
export function isBusyMachine(error: unknown): boolean {
  return error instanceof WaggleError && error.code === 'WAGGLE_RPC_REFUSED' && error.facts.number === INVALID_REQUEST;
}

/** The same member, asked again a few times when it fails so. For what may be asked twice. */
export function patient(member: Member, mayRepeat: (error: unknown) => boolean, betweenMs = BETWEEN_MS): Member {
  const { client } = member;
  const call: RpcClient['call'] = async (...args) => {
    for (let tries = 1; ; tries++) {
      try {
        return await client.call(...args);
      } catch (error) {
        if (tries >= TRIES || !mayRepeat(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, betweenMs));
      }
    }
  };
  return { ...member, client: { ...client, call } };
}

/** For the judge: every node that it asks is there, and one answer late is better than none. */
export function mayAskAgain(error: unknown): boolean {
  return isBusyMachine(error) || isNoAnswer(error);
}
