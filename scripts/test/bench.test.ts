import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { benchmarks, figureOf, readArguments } from '../bench.ts';
import { plant, REPOSITORY } from './planted.ts';

function bench(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(REPOSITORY, 'scripts', 'bench.ts'), ...args], {
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

test('benchmarks of rooms and of scripts are found by name', (t) => {
  const root = plant(t, {
    'protocol/bench/hash.bench.ts': 'export {};\n',
    'scripts/bench/cluster.ts': 'export {};\n',
    'node/bench/helper.ts': 'export {};\n',
  });
  assert.deepEqual(
    [...benchmarks(root)],
    [
      ['hash', 'protocol/bench/hash.bench.ts'],
      ['cluster', 'scripts/bench/cluster.ts'],
    ],
  );
});

test('two benchmarks of one name are refused', (t) => {
  const root = plant(t, { 'protocol/bench/a.bench.ts': 'export {};\n', 'scripts/bench/a.ts': 'export {};\n' });
  assert.throws(() => benchmarks(root), /called a/);
});

test('the runner takes its own arguments and leaves the others', () => {
  assert.deepEqual(readArguments(['journal', '--dir', 'x', '-o', 'json', '--seed', '7', 'y']), {
    name: 'journal',
    json: true,
    seed: '7',
    rest: ['--dir', 'x', 'y'],
  });
  assert.equal(readArguments([]).name, undefined);
  for (const wrong of [['-o', 'xml'], ['-o'], ['--seed', 'x'], ['--seed']]) {
    assert.throws(() => readArguments(wrong), Error);
  }
});

test('a line of figures becomes an object, other text none', () => {
  assert.deepEqual(figureOf('journal/append batch=vote n=10 p50Ms=0.250 ok=true'), {
    bench: 'journal/append',
    batch: 'vote',
    n: 10,
    p50Ms: 0.25,
    ok: true,
  });
  assert.deepEqual(figureOf('{"bench":"cluster/load","perS":5}'), { bench: 'cluster/load', perS: 5 });
  for (const text of ['', 'warming up', 'a/b', 'a/b c', 'now n=1', '{broken']) assert.equal(figureOf(text), undefined);
});

test('alone it lists the names; an unknown one is a usage error', () => {
  const list = bench();
  assert.equal(list.code, 0);
  assert.match(list.stdout, /^verify +protocol\/bench\/verify\.bench\.ts$/m);
  assert.match(list.stdout, /^journal +node\/bench\/journal\.bench\.ts$/m);
  const unknown = bench('nothing');
  assert.equal(unknown.code, 64);
  assert.match(unknown.stderr, /nothing.*verify/);
});

test('JSON lines say machine, Node, seed and command before the figures', () => {
  const { code, stdout } = bench('verify', '-o', 'json', '--seed', '3', '--rounds', '1', '--checks', '10');
  assert.equal(code, 0);
  const [head, ...figures] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  assert.equal(head?.machine?.node, process.versions.node);
  assert.equal(head?.machine?.seed, 3);
  assert.equal(head?.machine?.command, 'npm run bench -- verify --seed 3 --rounds 1 --checks 10');
  assert.equal(Number(head?.machine?.cores) > 0, true);
  assert.deepEqual(
    figures.map(({ bench: name }) => name),
    ['verify/one', 'verify/one', 'verify/one'],
  );
});
