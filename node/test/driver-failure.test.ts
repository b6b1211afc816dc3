import assert from 'node:assert/strict';
import { it } from 'node:test';
import { OWN_PAST } from '../../consensus/types.ts';
import { PROTOCOL_VERSION, requireSpoken } from '../../protocol/epoch.ts';
import { failureOf, violationError } from '../driver/failure.ts';

const PARAMS = { shards: 1, viewTimerMs: 100, blockIntervalMs: 20 };

it('tells a rolled back disk from more faults than the network bears', () => {
  assert.match(failureOf(violationError(OWN_PAST, 'view 3')).line, /rolled back.*--rejoin/);
  const other = failureOf(violationError('two blocks certified', 'view 3'));
  assert.match(other.line, /more than f validators/);
  assert.deepEqual([other.exitCode, other.code], [70, 'WAGGLE_DRIVER_VIOLATION']);
});

it('asks for a newer build where the network went over to one', () => {
  assert.doesNotThrow(() => requireSpoken({ epoch: 0, params: PARAMS }));
  const newer = { epoch: 7, params: { ...PARAMS, version: PROTOCOL_VERSION + 1 } };
  let failure: ReturnType<typeof failureOf> | undefined;
  try {
    requireSpoken(newer);
  } catch (error) {
    failure = failureOf(error);
  }
  assert.deepEqual([failure?.exitCode, failure?.code], [78, 'WAGGLE_EPOCH_VERSION']);
  assert.match(failure?.line ?? '', /newer build.*epoch=7.*version=2.*spoken=1/);
});
