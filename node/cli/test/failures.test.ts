import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '../../../protocol/errors.ts';
import { failureOf } from '../failures.ts';

const refusal = (number: number, retryable = false) =>
  new WaggleError('WAGGLE_RPC_REFUSED', { number, message: 'm', retryable });

for (const [name, error, exit] of [
  ['a locked home', new WaggleError('WAGGLE_HOME_LOCKED', { pid: 4711 }), 75],
  ['an unwritable home', new WaggleError('WAGGLE_HOME_UNWRITABLE', { path: '/x', reason: 'EACCES' }), 77],
  ['a missing genesis', new WaggleError('WAGGLE_GENESIS_MISSING', { path: '/x/genesis.json' }), 78],
  ['a broken configuration', new WaggleError('WAGGLE_CONFIG_KEY', { key: 'rcp' }), 78],
  ['a port in use', new Error('x', { cause: Object.assign(new Error('y'), { code: 'EADDRINUSE', port: 8440 }) }), 75],
  ['no daemon', new WaggleError('WAGGLE_RPC_UNREACHABLE', { url: 'u' }), 69],
  ['wrong params', refusal(-32602), 65],
  ['no token', refusal(-32001), 77],
  ['a node not ready', refusal(-32004, true), 75],
  ['a closed session', refusal(4001), 65],
  ['an identity error', refusal(6005), 77],
  ['a busy node', refusal(7001, true), 75],
  ['a file that is not there', Object.assign(new Error('x'), { code: 'ENOENT', path: '/x' }), 66],
  ['anything else', new TypeError('undefined is not a function'), 70],
  ['what is not even an error', 'text', 70],
] as const) {
  test(`${name} ends with exit code ${exit}, one line and what to do next`, () => {
    const failure = failureOf(error);
    assert.equal(failure.exit, exit);
    assert.doesNotMatch(failure.line, /\n/);
    assert.notEqual(failure.line, '');
    assert.notEqual(failure.next, '');
  });
}

test('the pid of who holds a home is named', () => {
  assert.match(failureOf(new WaggleError('WAGGLE_HOME_LOCKED', { pid: 4711 })).line, /4711/);
});

test('text from a daemon cannot break the line or colour the terminal', () => {
  const error = new WaggleError('WAGGLE_RPC_REFUSED', { number: 4001, message: 'a\nb\u001b[31mc', retryable: false });
  assert.equal(failureOf(error).line, 'a bc');
});
