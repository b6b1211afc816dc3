import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from './planted.ts';

type Manifest = { engines: { node: string }; optionalDependencies: Record<string, string> };

const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as Manifest;
const pinned = manifest.optionalDependencies[`node-${process.platform}-${process.arch}`];

// Releases before 24.19, and 26 before 26.5, accept other ed25519 signatures: two such nodes would fork.
test('the running Node verifies signatures as the others do', () => {
  assert.equal(manifest.engines.node, '>=24.19 <25 || >=26.5');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const allowed = (major === 24 && minor >= 19) || (major === 26 && minor >= 5) || major > 26;
  assert.ok(allowed, `Node ${process.versions.node} is not ${manifest.engines.node}`);
});

test('all platforms pin one version', () => {
  assert.equal(new Set(Object.values(manifest.optionalDependencies)).size, 1);
});

const outside = process.env.npm_lifecycle_event === undefined;
const skip = outside ? 'not in an npm script' : pinned === undefined ? 'no runtime is pinned for this platform' : false;
test('an npm script runs the pinned Node', { skip }, () => {
  assert.equal(process.versions.node, pinned);
});
