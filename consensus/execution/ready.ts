import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { isDecided, openChange } from '../../protocol/governance/epochs.ts';
import { encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { changeNameBody } from '../../protocol/governance/operations/network-change.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { faultBound } from '../../protocol/roster.ts';
import { maySeal } from '../chains/restart.ts';
import type { Replica, Turn } from '../replica-state.ts';
import type { Signer } from '../types.ts';

const AGAIN_AFTER_MS = 3_000;
/** Blocks behind what f + 1 validators say they have: who is farther off would stop the network it joins. */
const BEHIND_MAX = 8;

/**
 * G-02: a change of the roster waits for every key that is new in it. The node that holds such a key, and has executed what
 * the others have, says so on the ledger: it is there, it has the key, and it could vote. Who has no seat hands it to others.
 */
export function tellReady(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const change = openChange(replica.state);
  const signer = change && replica.config.keyring?.find((one) => isAwaited(change.waitsFor, one));
  if (change === undefined || !isDecided(change) || signer === undefined || !isLevel(replica)) return false;
  const { readyTold } = replica;
  if (readyTold !== undefined && hashesEqual(readyTold.change, change.operation)) {
    const againAtMs = readyTold.atMs + AGAIN_AFTER_MS;
    if (now.monoMs < againAtMs) {
      out.wakeAt(againAtMs);
      return false;
    }
  }
  replica.readyTold = { change: change.operation, atMs: now.monoMs };
  const { item, id } = readyItem(turn, signer, change);
  if (maySeal(replica)) replica.pool.add(0, item, id, now.monoMs);
  else out.tell({ kind: 'carry', shard: 0, item, id });
  return true;
}

function isAwaited(waitsFor: readonly Uint8Array[], { publicKey }: Signer): boolean {
  return waitsFor.some((key) => hashesEqual(key, publicKey));
}

function isLevel({ config, peers, executed }: Replica): boolean {
  // Who votes alone has no others to wait for, and nobody else could say that it is there.
  if (config.self !== undefined && peers.length === 1) return true;
  const heights = peers.flatMap(({ status }) => status?.finalHeight ?? []).sort((a, b) => b - a);
  const said = heights[faultBound(peers.length)];
  return said !== undefined && executed.height + BEHIND_MAX >= said;
}

function readyItem(
  { replica, now }: Turn,
  signer: Signer,
  change: { readonly epoch: number; readonly operation: Hash },
): { readonly item: Item; readonly id: Hash } {
  const timeMs = Math.max(0, Math.floor(now.wallMs));
  const facts = { chain: replica.config.chain, actor: signer.publicKey, seq: 0, timeMs } as const;
  const body = changeNameBody({ epoch: change.epoch, change: change.operation });
  const operation = { ...facts, notAfterMs: timeMs + LIMITS.ballotLifetimeMs, kind: 'roster.ready', body } as const;
  const signed = signOperation(operation, [signer]);
  return { item: { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) }, id: signed.id };
}
