import type { Vote } from '../../client/client.ts';
import { WaggleClientError } from '../../client/errors.ts';
import { type Fact, WaggleError } from '../../protocol/errors.ts';
import { advised } from './advice.ts';
import { createRpcClient } from './rpc-client.ts';
import type { SubmitResult } from './rpc-shapes.ts';
import { findTarget, type TargetOptions } from './target.ts';

/** As long as a daemon waits for finality. */
const WAIT_MS = 30_000;

/**
 * A vote through the client library, by the node that operates the model: sent again where that is safe, and undecided only
 * when nobody can tell. The library is loaded here, since it brings a signature scheme that `--help` needs not.
 * @throws WaggleError WAGGLE_RPC_*: WAGGLE_RPC_TIMEOUT where nobody can tell in time what became of it
 */
export async function castVote(
  vote: Vote,
  options: TargetOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SubmitResult> {
  const { connect } = await import('../../client/client.ts');
  const { url, token, flags, start } = await findTarget(options, env);
  const node = token === undefined ? { url } : { url, token };
  const client = connect({ urls: [node] });
  try {
    const { outcome, ballot, height, shard = 0, finalMs } = await client.vote({ timeoutMs: WAIT_MS, ...vote });
    const more = { ...(height === undefined ? {} : { height }), ...(finalMs === undefined ? {} : { finalMs }) };
    return { ballot, shard, status: 'final', outcome, ...more };
  } catch (error) {
    throw await advised(commandError(error), { params: { ...vote }, flags, start }, createRpcClient(node));
  } finally {
    client.close();
  }
}

/** An error of the library as the failures of commands are known by; anything else as it is. */
function commandError(error: unknown): unknown {
  if (!(error instanceof WaggleClientError)) return error;
  const { facts, hint, number, type, retryable, retryAfterMs, data } = error;
  const reason = String(facts.message ?? type);
  const url = String(facts.url ?? '');
  switch (error.code) {
    case 'WAGGLE_CLIENT_REFUSED': {
      const known = { number, message: reason, type, hint, retryable, retryAfterMs };
      return new WaggleError('WAGGLE_RPC_REFUSED', { ...plainFacts(data), ...known });
    }
    case 'WAGGLE_CLIENT_UNREACHABLE':
      return new WaggleError('WAGGLE_RPC_UNREACHABLE', { url, reason });
    case 'WAGGLE_CLIENT_FORM':
      return new WaggleError('WAGGLE_RPC_FORM', { url, reason });
    // Nothing is final yet, and nobody can tell what will be: as for a node that does not answer in time.
    case 'WAGGLE_CLIENT_UNDECIDED':
    case 'WAGGLE_CLIENT_TIMEOUT':
      return new WaggleError('WAGGLE_RPC_TIMEOUT', { url });
    default:
      return new WaggleError('WAGGLE_CLI_USAGE', { reason, next: hint });
  }
}

function plainFacts(data: Readonly<Record<string, unknown>>): Record<string, Fact> {
  const facts = Object.entries(data).flatMap(([name, value]): [string, Fact][] => {
    if (Array.isArray(value)) return [[name, value.slice(0, LIST_MAX).map(String).join(', ')]];
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : [];
  });
  return Object.fromEntries(facts);
}

const LIST_MAX = 10;
