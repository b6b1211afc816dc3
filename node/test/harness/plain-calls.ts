import assert from 'node:assert/strict';
import { within } from './deadline.ts';
import type { Rig, RpcAnswer } from './rpc-client.ts';

const DEADLINE_MS = 5_000;

/** A call that has nothing to do with what was tried before it: answered, rightly and in time. */
export function plainCalls(rig: Rig): { check(): Promise<void>; readonly worstMs: number } {
  let worstMs = 0;
  let count = 0;
  return {
    async check() {
      count += 1;
      const body = `{"jsonrpc":"2.0","method":"node_status","id":"plain-${count}"}`;
      const startMs = performance.now();
      const { json, status } = await within(DEADLINE_MS, rig.post(body), 'a plain call is answered');
      worstMs = Math.max(worstMs, performance.now() - startMs);
      assert.equal(status, 200);
      const { id, result } = json as RpcAnswer;
      assert.equal(id, `plain-${count}`);
      assert.equal((result as { name?: unknown }).name, rig.api.name);
    },
    get worstMs() {
      return worstMs;
    },
  };
}
