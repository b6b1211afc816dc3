import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { inTemporaryDirectory } from '../../node/test/temporary-directory.ts';
import { codeOf } from '../../protocol/errors.ts';
import { connectRelay } from '../relay/client.ts';
import { parseChanges, serveControl } from '../relay/control.ts';
import { summaryOf } from '../relay/describe.ts';
import { WHOLE } from '../relay/line.ts';
import { Relay } from '../relay/relay.ts';
import { saveRelayFile } from '../relay/relay-file.ts';
import { between, parseGroups, parseNames, partition } from '../relay/topology.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const refuses = (run: () => unknown, why: RegExp) =>
  assert.throws(run, (error) => codeOf(error) === 'WAGGLE_CLI_USAGE' && why.test(String(error)));

describe('groups of nodes', () => {
  it('are read as they are typed', () => {
    assert.deepEqual(parseGroups('a,b/c', NAMES), [['a', 'b'], ['c']]);
    assert.deepEqual(parseNames(' a , d', NAMES), ['a', 'd']);
    refuses(() => parseGroups('a/a,b', NAMES), /a is in two groups/);
    refuses(() => parseGroups('a/x', NAMES), /no node 'x'/);
    refuses(() => parseGroups('a/', NAMES), /no node named/);
  });

  it('are cut from each other in both directions, and those not named are one more group', () => {
    const cuts = partition(NAMES, [['a'], ['b']]).flatMap(({ from, to, rule }) => (rule.cut ? [`${from}${to}`] : []));
    assert.deepEqual(cuts.sort(), ['ab', 'ac', 'ad', 'ba', 'bc', 'bd', 'ca', 'cb', 'da', 'db']);
    assert.equal(partition(NAMES, [['a']]).length, 12);
    assert.deepEqual(between(['a', 'b'], ['a'], { delayMs: 1 }), [{ from: 'b', to: 'a', rule: { delayMs: 1 } }]);
  });
});

describe('what the relay says of its links', () => {
  it('is a line for each kind of fault', () => {
    const link = (from: string, to: string, rule = {}) => ({ from, to, rule: { ...WHOLE, ...rule }, connections: 0 });
    assert.deepEqual(summaryOf([link('a', 'b')]), []);
    assert.deepEqual(
      summaryOf([link('a', 'b', { cut: true }), link('b', 'a', { delayMs: 5, jitterMs: 2 }), link('a', 'c')]),
      ['cut: a to b', 'delay 5 ms + up to 2 ms: b to a'],
    );
    assert.deepEqual(summaryOf([link('a', 'b', { lossPercent: 5, rateKbit: 9 })]), [
      'loss 5 %, rate 9 kbit/s: all links',
    ]);
  });
});

describe('the control of the relay', () => {
  it('takes whole lists of rules within their bounds and nothing else', () => {
    assert.deepEqual(parseChanges('[{"from":"a","to":"b","rule":{"cut":true,"delayMs":5}}]'), [
      { from: 'a', to: 'b', rule: { cut: true, delayMs: 5 } },
    ]);
    const rule = (text: string) => `[{"from":"a","to":"b","rule":${text}}]`;
    const bad = [
      '',
      '{}',
      '[null]',
      '[{}]',
      rule('null'),
      rule('{"cut":1}'),
      rule('{"delayMs":-1}'),
      rule('{"delayMs":60001}'),
      rule('{"lossPercent":91}'),
      rule('{"speed":1}'),
      rule('{"__proto__":1}'),
    ];
    for (const text of bad) assert.equal(parseChanges(text), undefined, text);
  });

  it('changes rules for who has the token, and says which network has no relay', async () => {
    await inTemporaryDirectory(async (directory) => {
      await assert.rejects(connectRelay(directory, NAMES), (error) => codeOf(error) === 'WAGGLE_CLI_USAGE');
      const links = [
        { from: 'a', to: 'b', port: 0, target: 1 },
        { from: 'b', to: 'a', port: 0, target: 1 },
      ];
      const relay = new Relay({ links });
      const server = await serveControl(relay, 0, 'secret');
      try {
        const { port } = server.address() as { readonly port: number };
        await saveRelayFile(directory, { control: { port, token: 'secret' }, links });
        const client = await connectRelay(directory, ['a', 'b']);
        await client.partition(['a']);
        assert.deepEqual(
          (await client.links()).map(({ rule }) => rule.cut),
          [true, true],
        );
        await client.heal();
        await client.cut(['a'], ['b']);
        await client.shape({ delayMs: 7 });
        assert.deepEqual(
          (await client.links()).map(({ rule }) => [rule.cut, rule.delayMs]),
          [
            [true, 7],
            [false, 7],
          ],
        );
        await assert.rejects(client.cut(['a'], ['z']), (error) => codeOf(error) === 'WAGGLE_CLI_USAGE');
        await saveRelayFile(directory, { control: { port, token: 'secres' }, links });
        await assert.rejects((await connectRelay(directory, NAMES)).links(), /token/);
      } finally {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      }
    });
  });
});
