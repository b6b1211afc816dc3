import assert from 'node:assert/strict';
import type { Replica } from '../../consensus/replica-state.ts';
import type { SimSigner } from '../../consensus/sim/keys.ts';
import { drawPlan } from '../../consensus/sim/plan.ts';
import { World } from '../../consensus/sim/world.ts';
import type { FetchRequest } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import type { Item } from '../../protocol/chain/segment.ts';
import { decodeItems } from '../../protocol/chain/segment.ts';

/** A network stopped in the middle of its work: one honest replica of it, and everything that was said. */
export interface Snapshot {
  readonly replica: Replica;
  readonly nowMs: number;
  /** Bytes of messages by kind. */
  readonly said: ReadonlyMap<string, readonly Uint8Array[]>;
  /** Items of all segments, whoever sealed them. */
  readonly items: readonly Item[];
  /** Key of the last validator, who is the fuzzer. */
  readonly signer: SimSigner;
  readonly self: number;
}

const STOPPED_MS = 3_000;
const KEPT_MAX = 400;

export function takeSnapshot(seed: number): Snapshot {
  const plan = { ...drawPlan(seed, { n: 4, villains: [] }), crashEveryMs: 0, splitEveryMs: 0, wipe: undefined };
  const world = new World(plan);
  const said = new Map<string, Uint8Array[]>();
  const items: Item[] = [];
  const sent = world.tap.sent.bind(world.tap);
  world.tap.sent = (from, message) => {
    const kept = said.get(message.kind) ?? [];
    said.set(message.kind, kept);
    if (kept.length < KEPT_MAX) kept.push(encodeMessage(message));
    if (message.kind === 'segment' && items.length < KEPT_MAX) {
      items.push(...decodeItems(message.segment.body, message.segment.header.count));
    }
    sent(from, message);
  };
  for (const node of world.nodes) world.boot(node);
  world.load.start();
  world.runUntil(STOPPED_MS);
  const replica = world.nodes[0]?.replica;
  const self = plan.n - 1;
  const signer = world.people.signers[self];
  assert.ok(replica !== undefined && signer !== undefined);
  for (const message of requestsTo(replica)) {
    said.set(message.kind, [...(said.get(message.kind) ?? []), encodeMessage(message)]);
  }
  const proposed = said.get('propose') ?? [];
  said.set('block', proposed.map(asBlock));
  return { replica, nowMs: world.nowMs, said, items, signer, self };
}

/** Where all goes well nobody asks for anything. */
function requestsTo({ view, finalHeight, tree }: Replica): readonly FetchRequest[] {
  const { hash } = tree.final;
  return [
    { kind: 'fetch-certificates', from: Math.max(1, view - 5), to: view },
    { kind: 'fetch-block', hash },
    { kind: 'fetch-segments', shard: 1, author: 1, from: 1, to: 9, tip: undefined },
    { kind: 'fetch-segments', shard: 1, author: 1, from: 1, to: 9, tip: hash },
    { kind: 'fetch-final', from: Math.max(1, finalHeight - 3) },
    { kind: 'fetch-past', nonce: new Uint8Array(16) },
  ];
}

function asBlock(proposed: Uint8Array): Uint8Array {
  const message = decodeMessage(proposed);
  return message.kind === 'propose' ? encodeMessage({ kind: 'block', block: message.block }) : proposed;
}
