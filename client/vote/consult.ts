import type { SignedBallot } from '../../protocol/governance/ballot.ts';
import { toHex } from '../../protocol/hex.ts';
import type { Environment } from '../environment.ts';
import { isRecord, WaggleClientError } from '../errors.ts';
import { type PostOptions, postAll, type Target } from '../post.ts';
import { isHash, isHeight, type VoteResult } from './answers.ts';

/**
 * What a node's ledger says of a ballot: it counts; it is `over`: not counted up to a block later than its `notAfter`, and
 * as block time only rises, never will be; `open`: neither; or the node could not be asked.
 */
export type Finding =
  | { readonly kind: 'counted'; readonly result: VoteResult }
  | { readonly kind: 'over'; readonly height: number }
  | { readonly kind: 'open' | 'failed' };

type Answer = { readonly result: unknown } | WaggleClientError;

/**
 * One request, so that one node answers all; the head first, so that the ballot is looked up no earlier. Only a node of the
 * ballot's network can say that it is not there: the address of another one may be in the list by mistake.
 */
export async function consult(
  env: Environment,
  target: Target,
  signed: SignedBallot,
  options: PostOptions,
): Promise<Finding> {
  const id = toHex(signed.id);
  const calls = [
    { method: 'chain_head', params: {} },
    { method: 'ballot_get', params: { ballot: id } },
    { method: 'node_status', params: {} },
  ];
  const [head, found, status] = await answers(env, target, calls, options);
  const facts = found !== undefined && !(found instanceof WaggleClientError) ? found.result : undefined;
  if (facts !== undefined) {
    if (!isRecord(facts) || facts.ballot !== id || typeof facts.outcome !== 'string') return { kind: 'failed' };
    if (facts.outcome === 'counted') {
      const at = isHeight(facts.height) ? { height: facts.height } : {};
      return { kind: 'counted', result: { outcome: 'counted', ballot: id, ...at } };
    }
  } else if (!isUnknown(found)) return { kind: 'failed' };
  if (!isOfChain(status, toHex(signed.ballot.chain))) return { kind: 'failed' };
  return judgeHead(head, signed.ballot.notAfterMs);
}

function judgeHead(head: Answer | undefined, notAfterMs: number): Finding {
  if (head === undefined || head instanceof WaggleClientError || !isRecord(head.result)) return { kind: 'failed' };
  const { height, time } = head.result;
  const timeMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  if (!isHeight(height) || !Number.isFinite(timeMs)) return { kind: 'failed' };
  return timeMs > notAfterMs ? { kind: 'over', height } : { kind: 'open' };
}

function isOfChain(status: Answer | undefined, chain: string): boolean {
  return (
    status !== undefined &&
    !(status instanceof WaggleClientError) &&
    isRecord(status.result) &&
    status.result.chain === chain
  );
}

function isUnknown(found: Answer | undefined): boolean {
  return found instanceof WaggleClientError && found.type === 'ballot.unknown';
}

/** The height at which a ballot was counted; undefined when this node cannot tell. */
export async function countedAt(
  env: Environment,
  target: Target,
  ballot: string,
  options: PostOptions,
): Promise<number | undefined> {
  const [found] = await answers(env, target, [{ method: 'ballot_get', params: { ballot } }], options);
  if (found === undefined || found instanceof WaggleClientError || !isRecord(found.result)) return undefined;
  const { outcome, height } = found.result;
  return found.result.ballot === ballot && outcome === 'counted' && isHeight(height) ? height : undefined;
}

/** Whether another ballot than `id` was counted on top of `previous`: a head never comes back to what it left. */
export async function hasMovedOn(
  env: Environment,
  target: Target,
  previous: string,
  id: string,
  options: PostOptions,
): Promise<boolean> {
  const [found] = await answers(env, target, [{ method: 'ballot_get', params: { ballot: previous } }], options);
  if (found === undefined || found instanceof WaggleClientError || !isRecord(found.result)) return false;
  const { ballot, supersededBy } = found.result;
  return ballot === previous && isHash(supersededBy) && supersededBy !== id;
}

/** Empty when the node could not be asked. */
async function answers(
  env: Environment,
  target: Target,
  calls: readonly { readonly method: string; readonly params: object }[],
  options: PostOptions,
): Promise<(Answer | undefined)[]> {
  try {
    return await postAll(env, target, calls, options);
  } catch (error) {
    if (error instanceof WaggleClientError) return [];
    throw error;
  }
}
