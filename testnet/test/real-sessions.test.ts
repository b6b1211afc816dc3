import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { readFolder } from '../replay/folder.ts';
import { type ReplaySession, readSession } from '../replay/read-session.ts';

/** Real records stand beside the checkout where it is developed; elsewhere these tests say that they were skipped. */
const DATA = resolve(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'hivellm-minutes');
const skip = existsSync(DATA) ? false : `no ${DATA}`;

function counts({ findings }: ReplaySession): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { code } of findings) found[code] = (found[code] ?? 0) + 1;
  return found;
}

for (const [minute, proposals, electors, found] of [
  ['0001', 20, 10, {}],
  ['0002', 19, 11, { CONTAINER_FORM: 1, NOT_ELIGIBLE: 1, ELIGIBLE_NO_VOTE: 1 }],
  ['0003', 24, 10, { UNKNOWN_PROPOSAL: 4, VETO_WEIGHT: 1 }],
] as const) {
  test(`minute ${minute} is read with the findings it has`, { skip }, async () => {
    const session = readSession(await readFolder(join(DATA, minute)));
    assert.equal(session.ballots.length, 10);
    assert.equal(session.proposals.length, proposals);
    assert.equal(session.electorate.length, electors);
    assert.deepEqual(counts(session), found);
    assert.notEqual(session.expected, undefined);
    for (const { entries } of session.ballots) assert.equal(entries.length, proposals);
  });
}
