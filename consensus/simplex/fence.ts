import { quorum } from '../../protocol/roster.ts';
import { ofEpoch } from '../epoch-place.ts';
import type { Turn } from '../replica-state.ts';
import { want } from './recovery.ts';

const ASK_EVERY_MS = 500;

/** Ask who has not answered, and for what proves an answer; the fence is set when q have proven theirs. */
export function settleFence(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const { fence, config, peers } = replica;
  if (fence === undefined || fence.view !== undefined) return false;
  // Who says view v proves it by the certificate of v − 1: without it one liar could silence this node for ever.
  const proven = [...fence.answers].filter(([, view]) => view <= replica.view);
  if (proven.length >= quorum(peers.length)) {
    fence.view = Math.max(...proven.map(([, view]) => view)) + 1;
    out.promise({ kind: 'fence', view: fence.view });
    return true;
  }
  for (const [peer, view] of fence.answers) {
    if (view > replica.view) want(turn, { kind: 'fetch-certificates', from: view - 1, to: view - 1 }, [peer]);
  }
  if (now.monoMs >= fence.askAtMs) {
    fence.askAtMs = now.monoMs + ASK_EVERY_MS;
    for (const peer of peers.keys()) {
      if (peer !== config.self && !fence.answers.has(peer))
        out.sendTo(peer, { kind: 'fetch-past', ...ofEpoch(replica), nonce: fence.nonce });
    }
  }
  out.wakeAt(fence.askAtMs);
  return false;
}
