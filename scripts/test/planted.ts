import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Files by path from the root of the copy. */
export type Files = Readonly<Record<string, string>>;

export const REPOSITORY = join(import.meta.dirname, '..', '..');

/** The least tree in which every rule has something to look at and none is broken. */
const CLEAN: Files = {
  'package.json': JSON.stringify({ name: 'planted', type: 'module', dependencies: { zod: '4.6.7' } }, null, 2),
  'README.md': '# Planted\n\n```sh\n# a comment, no title\n```\n',
  'protocol/ids.ts': "export type Id = string;\n\nexport const ROOT: Id = 'root';\n",
  'protocol/vectors/ids.ts':
    "import { ROOT } from '../ids.ts';\n\nexport const vectors = () => ({ cases: [{ id: ROOT }] });\n",
  'protocol/vectors/ids.json': '{\n  "cases": [\n    {\n      "id": "root"\n    }\n  ]\n}\n',
  'consensus/simplex/step.ts':
    "import type { Id } from '../../protocol/ids.ts';\n\nexport const step = (id: Id): Id => id;\n",
  'consensus/replica.ts': "export { step } from './simplex/step.ts';\nexport const replica = 1;\n",
  'consensus/sim/world.ts': "import { step } from '../simplex/step.ts';\n\nexport const world = () => step('a');\n",
  'consensus/test/step.test.ts': "import { world } from '../sim/world.ts';\n\nworld();\n",
  'client/client.ts': "import { ROOT } from '../protocol/ids.ts';\n\nexport const connect = () => ROOT;\n",
  'node/storage/store.ts': "import { open } from 'node:fs/promises';\n\nexport const store = () => open('x');\n",
  'node/rpc/server.ts': "import { step } from '../../consensus/replica.ts';\n\nexport const serve = () => step('a');\n",
  'node/compose.ts': "export { serve } from './rpc/server.ts';\nexport const x = 1;\n",
};

/** A copy of the clean tree with `files` over it, removed after the test. */
export function plant(t: TestContext, files: Files = {}): string {
  const root = temporary(t);
  write(root, { ...CLEAN, ...files });
  return root;
}

/** A copy of this repository, its node_modules linked, removed after the test. */
export function copyRepository(t: TestContext): string {
  const root = temporary(t);
  const folders = ['protocol', 'consensus', 'client', 'node', 'scripts', 'testnet', 'bin', 'docs'];
  for (const name of [...folders, 'package.json', 'package-lock.json', 'tsconfig.json', 'biome.json', 'knip.json']) {
    if (existsSync(join(REPOSITORY, name))) cpSync(join(REPOSITORY, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  return root;
}

/** Write files below `root`, folders made as needed. */
export function write(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** A file of the copy with one replacement made, which must change it. */
export function edit(root: string, path: string, change: (text: string) => string): void {
  const before = readFileSync(join(root, path), 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`the edit of ${path} changed nothing`);
  writeFileSync(join(root, path), after);
}

function temporary(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'waggle-planted-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}
