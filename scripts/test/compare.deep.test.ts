import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyRepository, edit } from './planted.ts';

const COPIES = '$1    bytes.slice();\n';

function counters(root: string): { code: number | null; output: string } {
  const args = [join(root, 'scripts', 'bench', 'compare.ts'), '--counters'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

test('the counters of this tree are within their bounds', (t) => {
  const { code, output } = counters(copyRepository(t));
  assert.equal(code, 0, output);
  assert.match(output, /"grown":\[\]/);
});

test('waste in the code is named: a body that is decoded from a copy, a step that syncs for nothing', (t) => {
  const root = copyRepository(t);
  edit(root, 'protocol/codec/reader.ts', (text) => text.replace(/(constructor\(bytes: Uint8Array.*\) \{\n)/, COPIES));
  const always = 'const { persist, wakeAtMs } = effects;\n    const mustSync = true;';
  edit(root, 'consensus/sim/node.ts', (text) =>
    text.replace('const { persist, mustSync, wakeAtMs } = effects;', always),
  );
  const { code, output } = counters(root);
  assert.equal(code, 1, output);
  assert.match(output, /name=allocations\.bufferBytes .*verdict=grown/);
  assert.match(output, /name=sparse\.fsyncs .*verdict=grown/);
  assert.match(output, /compare --accept/);
});
