import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleClientError } from '../../client/errors.ts';
import { auditPromises, type Told } from '../failover/audit.ts';
import type { Member } from '../voting/members.ts';

interface Item {
  readonly voter: string;
  readonly ballot: string;
  readonly outcome: string;
  readonly height: number;
}

const item = (voter: string, ballot: string, height = 5, outcome = 'counted'): Item => ({
  voter,
  ballot,
  outcome,
  height,
});

/** A node whose ledger is this, in pages of two. */
function member(items: readonly Item[]): Member {
  const call = async (_method: string, { cursor = '0' }: { cursor?: string }) => {
    const at = Number(cursor);
    return { items: items.slice(at, at + 2), next: at + 2 < items.length ? String(at + 2) : null };
  };
  return { name: 'n', home: '', client: { call } as unknown as Member['client'] };
}

const counted = (voter: string, ballot: string, height?: number): Told => ({
  voter,
  result: { outcome: 'counted', ballot, ...(height === undefined ? {} : { height }) },
});
const failed = (voter: string, code: string): Told => ({
  voter,
  error: new WaggleClientError(code, { type: 'made.up', hint: '' }),
});

test('promises that every ledger bears out are true, over all pages', async () => {
  const ledger = [item('a', 'x'), item('a', 'x', 6, 'duplicate'), item('b', 'y'), item('c', 'z', 7, 'expired')];
  const told = [
    counted('a', 'x', 5),
    counted('b', 'y'),
    failed('c', 'WAGGLE_CLIENT_REFUSED'),
    failed('b', 'WAGGLE_CLIENT_UNDECIDED'),
  ];
  const audit = await auditPromises([member(ledger), member(ledger)], 'main', 's', told);
  assert.deepEqual(audit, { countedPerNode: [2, 2], doubled: 0, untrue: 0 });
});

test('a lost vote, one elsewhere, one doubled and a refusal that counts are each found', async () => {
  const ledger = [item('a', 'x'), item('b', 'y'), item('c', 'z')];
  const audit = (told: Told, items: readonly Item[] = ledger) =>
    auditPromises([member(ledger), member(items)], 'main', 's', [told]);
  assert.equal((await audit(counted('a', 'x'), ledger.slice(1))).untrue, 1);
  assert.equal((await audit(counted('a', 'x', 4))).untrue, 1);
  assert.equal((await audit(counted('d', 'w'))).untrue, 1);
  assert.equal((await audit(failed('a', 'WAGGLE_CLIENT_REFUSED'))).untrue, 1);
  const doubled = await audit(counted('a', 'x'), [...ledger, item('a', 'other', 9)]);
  assert.deepEqual([doubled.doubled, doubled.countedPerNode], [1, [3, 4]]);
});
