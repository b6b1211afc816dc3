import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '../../../protocol/errors.ts';
import { parseTestnetFile } from '../testnet-file.ts';

const NODE = { name: 'node1', home: '/h', rpc: 'http://127.0.0.1:1', p2p: '/ip4', metrics: 'm', pid: 42, token: '/t' };
const FILE = { chain: 'aa', genesis: '/g', nodes: [NODE, { ...NODE, name: 'node2', pid: null }] };

test('the file is read as it stands', () => {
  assert.deepEqual(parseTestnetFile('p', JSON.stringify(FILE)), FILE);
});

for (const [name, value] of [
  ['no JSON', '{'],
  ['null', 'null'],
  ['no nodes', JSON.stringify({ ...FILE, nodes: [] })],
  ['a node without a home', JSON.stringify({ ...FILE, nodes: [{ ...NODE, home: 7 }] })],
  ['a null node', JSON.stringify({ ...FILE, nodes: [null] })],
  // A signal to 0, 1 or a negative number reaches more than a daemon.
  ['pid 0', JSON.stringify({ ...FILE, nodes: [{ ...NODE, pid: 0 }] })],
  ['pid -1', JSON.stringify({ ...FILE, nodes: [{ ...NODE, pid: -1 }] })],
] as const) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => parseTestnetFile('p', value),
      (error) => codeOf(error) === 'WAGGLE_CLI_INPUT',
    );
  });
}
