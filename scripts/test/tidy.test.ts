import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { format, tidy } from '../tidy.ts';
import { copyRepository, edit, type Files, plant, write } from './planted.ts';

const rulesOf = (root: string) => tidy(root).map(({ file, rule }) => `${file} ${rule}`);
const found = (t: TestContext, files: Files) => rulesOf(plant(t, files));

test('the clean tree breaks no rule', (t) => {
  assert.deepEqual(tidy(plant(t)).map(format), []);
});

/** One planted fault each: the file, its text, and the one rule that must name it. */
const FAULTS: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['import-direction', 'protocol/a.ts', "import { step } from '../consensus/simplex/step.ts';\nstep('');\n"],
  ['import-direction', 'protocol/a.ts', "import type { step } from '../consensus/simplex/step.ts';\n"],
  ['import-direction', 'protocol/a.ts', "export type A = import('../node/compose.ts').A;\n"],
  ['import-direction', 'consensus/a.ts', "import {\n  serve,\n} from '../node/rpc/server.ts';\nserve();\n"],
  ['import-direction', 'consensus/a.ts', "export { serve } from '../node/rpc/server.ts';\nexport const a = 1;\n"],
  ['import-direction', 'node/a.ts', "export const a = () => import('../testnet/up.ts');\n"],
  ['import-direction', 'testnet/a.ts', "import { tidy } from '../scripts/tidy.ts';\ntidy('');\n"],
  ['import-direction', 'consensus/test/a.test.ts', "import '../../node/compose.ts';\n"],
  ['import-direction', 'client/a.ts', "import { serve } from '../node/rpc/server.ts';\nserve();\n"],
  ['import-direction', 'client/test/a.test.ts', "import { serve } from '../../node/compose.ts';\nserve();\n"],
  ['import-direction', 'protocol/a.ts', "import { connect } from '../client/client.ts';\nconnect();\n"],
  ['client-import', 'client/a.ts', "import { createHash } from 'node:crypto';\ncreateHash('a');\n"],
  ['client-import', 'client/a.ts', "import sodium from 'sodium-native';\nsodium.a();\n"],
  ['client-room', 'node/rpc/a.ts', "import { connect } from '../../client/client.ts';\nconnect();\n"],
  ['client-global', 'client/a.ts', "export const a = (b: Uint8Array) => Buffer.from(b).toString('hex');\n"],
  ['client-global', 'client/a.ts', "export const a = () => process.env['A'];\n"],
  ['import-computed', 'node/rpc/a.ts', 'export const a = (name: string) => import(name);\n'],
  ['node-room', 'node/rpc/a.ts', "import type { store } from '../storage/store.ts';\n"],
  ['node-room', 'node/agent/a.ts', "export const a = () => import('../metrics/x.ts');\n"],
  ['node-room', 'node/verify/a.ts', "import { serve } from '../compose.ts';\nserve();\n"],
  ['pure-node-import', 'protocol/a.ts', "import { createHash } from 'node:crypto';\ncreateHash('a');\n"],
  ['pure-node-import', 'consensus/sim/a.ts', "import { join } from 'node:path';\njoin('a');\n"],
  ['sim-import', 'node/a.ts', "import { world } from '../consensus/sim/world.ts';\nworld();\n"],
  ['checker-import', 'consensus/sim/checkers/a.ts', "import { step } from '../../simplex/step.ts';\nstep('');\n"],
  ['checker-import', 'consensus/sim/checkers/a.ts', "import { step } from '../../replica.ts';\nstep('');\n"],
  ['checker-import', 'consensus/sim/checkers/a.ts', "export const a = () => import('../../chains/cut.ts');\n"],
  [
    'checker-import',
    'consensus/sim/checkers/a.ts',
    "export { step } from '../../simplex/step.ts';\nexport const a = 1;\n",
  ],
  ['pure-banned', 'consensus/a.ts', 'export const a = () => Date.now();\n'],
  ['pure-banned', 'consensus/sim/a.ts', 'export const a = () => new Date(0);\n'],
  ['pure-banned', 'protocol/a.ts', 'export const a = () => performance.now();\n'],
  ['pure-banned', 'protocol/a.ts', 'export const a = () => Math.random();\n'],
  ['pure-banned', 'protocol/a.ts', 'setTimeout(() => {}, 1);\n'],
  ['pure-banned', 'protocol/a.ts', 'export const later = setInterval;\n'],
  ['pure-banned', 'protocol/a.ts', 'queueMicrotask(() => {});\n'],
  ['pure-banned', 'protocol/a.ts', "export const a = () => process.env['A'];\n"],
  ['pure-banned', 'protocol/a.ts', 'export async function a() {}\n'],
  ['pure-banned', 'protocol/a.ts', 'export const a = async () => 1;\n'],
  ['pure-banned', 'protocol/a.ts', 'export type A = Promise<void>;\n'],
  ['pure-banned', 'protocol/a.ts', 'export const a = `it is ${`${Date.now()}`}`;\n'],
  ['pure-banned', 'protocol/a.ts', "export const a = (b: string) => b.localeCompare('c');\n"],
  ['test-sleep', 'node/test/a.test.ts', 'export const wait = () => new Promise((done) => setTimeout(done, 5));\n'],
  ['test-sleep', 'node/test/a.test.ts', "import { setTimeout as rest } from 'node:timers/promises';\nrest(1);\n"],
  ['test-sleep', 'node/test/helper.ts', "import { delay } from './x.ts';\ndelay(1);\n"],
  ['test-only', 'node/test/a.test.ts', "import { test } from 'node:test';\ntest.only('a', () => {});\n"],
  ['test-only', 'node/test/a.test.ts', "import { it } from 'node:test';\nit('a', { todo: true });\n"],
  ['default-export', 'node/a.ts', 'export default 1;\n'],
  ['default-export', 'node/a.ts', 'const a = 1;\nexport { a as default };\n'],
  ['barrel', 'node/index.ts', "export * from './compose.ts';\nexport type { A } from './rpc/server.ts';\n"],
  ['utils-file', 'node/rpc/utils.ts', 'export const a = 1;\n'],
  ['fixme', 'node/a.ts', '// TODO: later\nexport const a = 1;\n'],
  ['file-length', 'node/a.ts', 'export {};\n'.repeat(501)],
  ['markdown-h1', 'docs/a.md', '# One\n\n# Two\n'],
  ['markdown-h1', 'docs/a.md', 'no title\n'],
  ['machine-path', 'docs/a.md', `# A\n\n${['', 'home', 'someone', 'waggle'].join('/')}\n`],
  ['registry-host', '.npmrc', `${'registry'}=https://mirror.example\n`],
  ['error-code', 'protocol/a.ts', "export const code = 'WAGGLE_wrong';\n"],
  ['error-code', 'node/a.ts', "import { WaggleError } from './x.ts';\nthrow new WaggleError('LATE');\n"],
  ['unpinned-version', 'package.json', '{ "dependencies": { "zod": "^4.6.7" } }\n'],
  ['unpinned-version', 'package.json', '{ "devDependencies": { "zod": "latest" } }\n'],
  [
    'imports-map',
    'package.json',
    '{ "imports": { "#a": { "node": "./node/compose.ts", "default": "./protocol/crypto/a.ts" } } }\n',
  ],
  ['one-engine', 'node/rpc/a.ts', "import sodium from 'sodium-native';\nsodium.a();\n"],
  ['one-engine', 'node/rpc/a.ts', "import { verifyAsync } from '@noble/ed25519';\nverifyAsync('a');\n"],
  ['one-engine', 'consensus/a.ts', "import * as cbor from '@ipld/dag-cbor';\ncbor.a();\n"],
  ['one-engine', 'node/rpc/a.ts', "import { ClassicLevel } from 'classic-level';\nClassicLevel.a();\n"],
  ['one-engine', 'node/rpc/a.ts', "import { createHash, verify } from 'node:crypto';\nverify(createHash('a'));\n"],
  ['one-door', 'node/driver/a.ts', "import { step } from '../../consensus/simplex/step.ts';\nstep('a');\n"],
  ['wall-clock', 'consensus/chains/a.ts', 'export const a = (now: { wallMs: number }) => now.wallMs;\n'],
  ['bare-hash', 'consensus/a.ts', "import { sha256 } from '../protocol/crypto/sha256.ts';\nsha256();\n"],
  ['built-regexp', 'node/rpc/a.ts', 'export const a = (sent: string) => new RegExp(sent);\n'],
  ['weak-random', 'node/config/a.ts', 'export const token = () => Math.random();\n'],
  ['crash-only', 'node/driver/a.ts', "process.on('unhandledRejection', () => {});\n"],
  ['crash-only', 'node/driver/a.ts', "process.once('uncaughtException', () => {});\n"],
  ['open-network', 'package.json', '{ "dependencies": { "@libp2p/kad-dht": "1.0.0" } }\n'],
  ['gossipsub-alias', 'package.json', '{ "dependencies": { "@chainsafe/libp2p-gossipsub": "14.1.2" } }\n'],
  [
    'gossipsub-alias',
    'package-lock.json',
    '{ "packages": { "node_modules/@chainsafe/libp2p-gossipsub": { "version": "14.1.2", "integrity": "x" } } }\n',
  ],
  [
    'lock-resolved',
    'package-lock.json',
    '{ "packages": { "node_modules/a": { "resolved": "x", "integrity": "x" } } }\n',
  ],
  ['lock-integrity', 'package-lock.json', '{ "packages": { "node_modules/a": { "version": "1.0.0" } } }\n'],
];

for (const [rule, file, text] of FAULTS) {
  test(`${rule} names ${file}: ${text.slice(0, 50).replaceAll('\n', ' ')}`, (t) => {
    assert.deepEqual([...new Set(found(t, { [file]: text }))], [`${file} ${rule}`]);
  });
}

/** What looks like a fault and is none. */
const INNOCENT: readonly (readonly [name: string, file: string, text: string])[] = [
  [
    'comments',
    'consensus/a.ts',
    '// Date.now(), await and Promise are not for us\n/* setTimeout( */\nexport const a = 1;\n',
  ],
  ['strings', 'consensus/a.ts', 'export const a = [\'Date.now()\', "process.env", `await ${1} Promise`];\n'],
  ['regular expressions', 'consensus/a.ts', "export const a = /['\"`]Date.now()/.test('b') ? 4 / 2 : 1 / 3;\n"],
  ['own names', 'consensus/a.ts', 'export const a = (clock: { async: 1; now: 2 }) => clock.async + clock.now;\n'],
  ['types of the inside', 'node/driver/a.ts', "import type { step } from '../../consensus/simplex/step.ts';\n"],
  [
    'a hash of node:crypto that is no verify',
    'node/rpc/a.ts',
    "import { verifyHash } from './crypto';\nverifyHash();\n",
  ],
  ['a bare hash in a tree', 'protocol/merkle.ts', "import { sha256 } from '#sha256';\nsha256();\n"],
  ['node:* behind crypto', 'protocol/crypto/a.ts', "import { hash } from 'node:crypto';\nhash('a', 'b');\n"],
  ['a hash by platform', 'client/a.ts', "import { sha256 } from '#sha256';\nsha256();\n"],
  ['node:* in an example', 'client/examples/a.ts', "import { argv } from 'node:process';\nargv.at(0);\n"],
  ['a command that is a client', 'node/cli/a.ts', "import { connect } from '../../client/client.ts';\nconnect();\n"],
  ['a clock in a bench', 'protocol/bench/a.bench.ts', 'export const a = () => performance.now();\n'],
  ['types of the checked code', 'consensus/sim/checkers/a.ts', "import type { step } from '../../simplex/step.ts';\n"],
  [
    'a checker of the protocol and of its own',
    'consensus/sim/checkers/a.ts',
    "import { ROOT } from '../../../protocol/ids.ts';\nimport { b } from './b.ts';\nb(ROOT);\n",
  ],
  [
    'how a package exports',
    'protocol/crypto/a.d.ts',
    "declare module 'a' {\n  const a: number;\n  export default a;\n}\n",
  ],
  ['the simulation in scripts', 'scripts/a.ts', "import { world } from '../consensus/sim/world.ts';\nworld();\n"],
  ['two rooms in a test', 'node/rpc/test/a.test.ts', "import { store } from '../../storage/store.ts';\nstore();\n"],
  ['composition', 'node/compose.ts', "import { store } from './storage/store.ts';\nexport const a = store;\n"],
  ['a wait of the processes', 'testnet/test/e2e/a.test.ts', 'setTimeout(() => {}, 5);\n'],
  ['a deadline of the harness', 'node/test/harness/deadline.ts', 'setTimeout(() => {}, 5);\n'],
  [
    'a fake clock',
    'node/test/clock.ts',
    'export const clock = {\n  setTimeout(run: () => void) {\n    run();\n  },\n};\n',
  ],
  ['a path in an address', 'docs/a.md', '# A\n\nhttps://example.org/home/page and ~/work/waggle\n'],
  ['an invariant', 'protocol/a.ts', "export const code = 'WAGGLE_INVARIANT';\n"],
  ['a word inside a word', 'node/a.ts', '// the TODOS list\nexport const a = 1;\n'],
  [
    'a package of another platform without checksum',
    'package-lock.json',
    '{ "packages": { "node_modules/a": { "version": "1.0.0", "optional": true, "os": ["win32"] } } }\n',
  ],
];

for (const [name, file, text] of INNOCENT) {
  test(`no rule takes offence at ${name}`, (t) => {
    assert.deepEqual(found(t, { [file]: text }), []);
  });
}

test('a long function is a warning', (t) => {
  const body = '  a();\n'.repeat(80);
  const root = plant(t, { 'node/a.ts': `export function f(a: () => void): void {\n${body}}\n` });
  assert.deepEqual(
    tidy(root).map(({ rule, line, warning }) => ({ rule, line, warning })),
    [{ rule: 'function-length', line: 1, warning: true }],
  );
});

test('a finding is printed as file:line rule message, sorted', (t) => {
  const root = plant(t, { 'node/b.ts': '\nexport default 1;\n', 'node/a.ts': 'export default 1;\n// FIXME\n' });
  const lines = tidy(root).map(format);
  assert.deepEqual(
    lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['node/a.ts:1 default-export', 'node/a.ts:2 fixme', 'node/b.ts:2 default-export'],
  );
});

test('a fault planted in a copy of this repository is the only new finding', (t) => {
  const root = copyRepository(t);
  const before = new Set(rulesOf(root));
  write(root, { 'consensus/planted.ts': 'export const planted = () => Date.now();\n' });
  edit(root, 'protocol/errors.ts', (text) => `import '../node/planted.ts';\n${text}`);
  edit(root, 'package.json', (text) => text.replace(/"zod": "/, '"zod": "^'));
  const added = rulesOf(root).filter((rule) => !before.has(rule));
  assert.deepEqual(added, [
    'consensus/planted.ts pure-banned',
    'package.json unpinned-version',
    'protocol/errors.ts import-direction',
  ]);
});
