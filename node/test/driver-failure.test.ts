import assert from 'node:assert/strict';
import { it } from 'node:test';
import { OWN_PAST } from '../../consensus/types.ts';
import { failureOf, violationError } from '../driver/failure.ts';

it('tells a rolled back disk from more faults than the network bears', () => {
  assert.match(failureOf(violationError(OWN_PAST, 'view 3')).line, /rolled back.*--rejoin/);
  const other = failureOf(violationError('two blocks certified', 'view 3'));
  assert.match(other.line, /more than f validators/);
  assert.deepEqual([other.exitCode, other.code], [70, 'WAGGLE_DRIVER_VIOLATION']);
});
