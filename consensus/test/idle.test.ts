import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Evidence, restartBody, restartOf } from '../../protocol/evidence.ts';
import { encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { WORLD_STARTS_MS } from '../sim/node.ts';
import type { World } from '../sim/world.ts';
import { hand, worldOf } from './harness/scripted.ts';

/* W-02: an idle network stays silent whatever one validator says. */

function restartBy(world: World, author: number, incarnation: number, notAfterMs: number): Evidence {
  const { chain, roster, signers } = world.people;
  const [key, signer] = [roster.validators[author]?.key, signers[author]];
  assert.ok(key !== undefined && signer !== undefined);
  const body = restartBody(0, author, incarnation, new Uint8Array(16));
  const facts = { chain, actor: key, seq: 0, notAfterMs, timeMs: notAfterMs, kind: 'chain.restart', body } as const;
  const signed = signOperation(facts, [{ publicKey: key, sign: (bytes) => signer.sign(bytes) }]);
  return restartOf(encodeSignedOperation(signed));
}

for (const leftMs of [1, 320]) {
  test(`W-02 restarts that are over in ${leftMs} ms, shown to all but the leader, make nobody leave views for ever`, () => {
    const villain = 3;
    const world = worldOf(21, { villains: new Map([[villain, 'silent']]) });
    const { roster } = world.people;
    world.runUntil(100);
    for (let atMs = 200; atMs < 8_000; atMs += 20) {
      for (const to of world.honest) {
        const replica = world.nodes[to]?.replica;
        if (replica === undefined || leaderOf(roster, replica.view) === to) continue;
        const incarnation = (replica.tree.final.standings.get(villain)?.incarnation ?? 0) + 1;
        const evidence = restartBy(world, villain, incarnation, WORLD_STARTS_MS + world.nowMs + leftMs);
        hand(world, villain, to, { kind: 'evidence', evidence });
      }
      world.runUntil(atMs);
    }
    const views = world.honest.map((at) => world.nodes[at]?.replica?.view ?? 0);
    const finals = world.honest.map((at) => world.nodes[at]?.replica?.finalHeight ?? 0);
    // What a block can carry makes blocks, and those end with the restarts of an epoch; nothing else makes views.
    assert.ok(Math.max(...views) <= 4 + 2 * Math.max(...finals), `${views.join()} ${finals.join()}`);
  });
}
