import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CpuProfile, mergeProfiles, ownerOf, placeOf, selfShares } from '../bench/profile/cpu-profile.ts';
import { flameGraph } from '../bench/profile/flame.ts';

const REPOSITORY = 'file:///somewhere/waggle';

function node(id: number, functionName: string, url: string, children: readonly number[] = []) {
  return { id, callFrame: { functionName, url }, children };
}

/** Two calls of `step`, one below `turn`; idle half of the time. */
const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 6]),
    node(2, '(idle)', ''),
    node(3, 'turn', `${REPOSITORY}/node/driver/engine.ts`, [4, 5]),
    node(4, 'step', `${REPOSITORY}/consensus/replica.ts`),
    node(5, '', 'node:internal/timers'),
    node(6, 'step', `${REPOSITORY}/consensus/replica.ts`),
  ],
  samples: [2, 3, 4, 4, 5, 6],
  timeDeltas: [1_000, 100, 200, 100, 40, 60],
};

test('profiles merge by function and caller; waiting is no cost', () => {
  const root = mergeProfiles([PROFILE, PROFILE]);
  assert.equal(root.totalUs, 1_000);
  const turn = root.children.get('turn node/driver/engine.ts');
  assert.deepEqual([turn?.selfUs, turn?.totalUs], [200, 880]);
  assert.equal(turn?.children.get('step consensus/replica.ts')?.totalUs, 600);
  assert.equal(root.children.get('step consensus/replica.ts')?.totalUs, 120);
});

test('time of its own is told by room and package, the most first', () => {
  assert.deepEqual(selfShares(mergeProfiles([PROFILE])), [
    { owner: 'consensus/replica.ts', share: 0.72 },
    { owner: 'node/driver', share: 0.2 },
    { owner: 'node', share: 0.08 },
  ]);
});

test('a place names no folder of the machine', () => {
  for (const [url, place] of [
    ['node:internal/timers', 'node'],
    ['', ''],
    [`${REPOSITORY}/node/storage/journal.ts`, 'node/storage/journal.ts'],
    ['file:///srv/node/waggle/node/main.ts', 'node/main.ts'],
    [`${REPOSITORY}/node_modules/@chainsafe/libp2p-yamux/dist/src/stream.js`, '@chainsafe/libp2p-yamux'],
    [`${REPOSITORY}/node_modules/a/node_modules/zod/index.js`, 'zod'],
  ] as const) {
    assert.equal(placeOf(url), place, url);
  }
});

test('an owner is a room, a package, Node, or V8', () => {
  const owner = (name: string, place: string) => ownerOf({ name, place });
  assert.equal(owner('append', 'node/storage/journal.ts'), 'node/storage');
  assert.equal(owner('main', 'node/main.ts'), 'node/main.ts');
  assert.equal(owner('write', '@chainsafe/libp2p-yamux'), '@chainsafe/libp2p-yamux');
  assert.equal(owner('(program)', ''), 'native');
  assert.equal(owner('(garbage collector)', ''), 'garbage-collector');
});

test('a flame graph is the same bytes each time, leaves out what is narrow, and escapes what is no text', () => {
  const odd: CpuProfile = {
    nodes: [node(1, '(root)', '', [2, 3]), node(2, 'get <value> "&"', ''), node(3, 'narrow', '')],
    samples: [2, 3],
    timeDeltas: [996, 4],
  };
  const svg = flameGraph('a & b', mergeProfiles([odd]));
  assert.equal(svg, flameGraph('a & b', mergeProfiles([structuredClone(odd)])));
  assert.match(svg, /^<svg [^>]+>\n/);
  assert.match(svg, /a &amp; b/);
  assert.match(svg, /<title>get &lt;value&gt; &quot;&amp;&quot; 99\.6 %<\/title>/);
  assert.doesNotMatch(svg, /narrow/);
});
