import { at, type Finding, isTest, isTestOrBench } from './finding.ts';
import { computedImports, type Import } from './imports.ts';
import type { SourceFile } from './tree.ts';

/** What each top folder may import besides itself: protocol ← consensus ← node ← scripts, testnet; client beside node. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  consensus: ['protocol'],
  client: ['protocol'],
  node: ['protocol', 'consensus', 'client'],
  testnet: ['protocol', 'consensus', 'client', 'node'],
  scripts: ['protocol', 'consensus', 'client', 'node', 'testnet'],
  bin: [],
};
/** Packages of the client: they run in browsers, and none is native. */
const CLIENT_PACKAGES = /^@noble\/(?:ed25519|hashes)(?:\/|$)/;
/** Rooms of node/ that know nothing of each other and of the files that join them. */
const NODE_ROOMS = new Set(['network', 'storage', 'rpc', 'verify', 'agent', 'metrics']);
/** What an independent checker may see of the code it checks: its types, never its predicates. */
const CHECKED = /^consensus\/(?!sim\/)/;

/** Who may import whom, type imports and dynamic imports included. */
export function importRules(file: SourceFile): Finding[] {
  const found: Finding[] = [];
  for (const imported of file.imports) {
    for (const [rule, message] of broken(file.path, imported)) found.push(at(file, imported.offset, rule, message));
  }
  const mayCompute = /^(?:scripts|testnet|bin|node\/cli)\/|^node\/main\.ts$/.test(file.path) || isTest(file.path);
  if (!mayCompute) {
    for (const offset of computedImports(file.scan)) {
      found.push(
        at(file, offset, 'import-computed', 'import() needs a plain string, or no check can see what is loaded'),
      );
    }
  }
  return found;
}

function broken(path: string, imported: Import): [rule: string, message: string][] {
  const { specifier, target } = imported;
  if (target === undefined) return packageImport(path, specifier);
  return [...direction(path, target), ...nodeRoom(path, target), ...simulation(path, target, imported.kind)];
}

function packageImport(path: string, specifier: string): [string, string][] {
  const folder = topOf(path);
  if (specifier.startsWith('/') || specifier.startsWith('file:')) {
    return [['import-absolute', `'${specifier}' is not a relative import`]];
  }
  if (folder === 'client' && !isForNode(path)) {
    const isWeb = CLIENT_PACKAGES.test(specifier) || specifier === '#sha256';
    return isWeb ? [] : [['client-import', `'${specifier}' in client/: it runs in browsers, with @noble/* alone`]];
  }
  if ((folder !== 'protocol' && folder !== 'consensus') || isTestOrBench(path)) return [];
  if (!specifier.startsWith('node:') || path.startsWith('protocol/crypto/')) return [];
  return [['pure-node-import', `'${specifier}' in ${folder}/: only protocol/crypto may use node:*`]];
}

function direction(path: string, target: string): [string, string][] {
  const [from, to] = [topOf(path), topOf(target)];
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined || from === to || target === 'package.json') return [];
  if (to === 'client' && from === 'node' && !path.startsWith('node/cli/') && !isTestOrBench(path)) {
    return [['client-room', `of node/ only node/cli may import ${target}: a daemon is no client of itself`]];
  }
  if (allowed.includes(to)) return [];
  return [
    [
      'import-direction',
      `${from}/ must not import ${target} (protocol ← consensus ← node ← scripts, testnet; protocol ← client)`,
    ],
  ];
}

function nodeRoom(path: string, target: string): [string, string][] {
  const room = roomOf(path);
  if (room === undefined || isTestOrBench(path) || topOf(target) !== 'node' || roomOf(target) === room) return [];
  return [['node-room', `node/${room} must not import ${target}: rooms meet in compose.ts and driver/`]];
}

function simulation(path: string, target: string, kind: Import['kind']): [string, string][] {
  const found: [string, string][] = [];
  if (target.startsWith('consensus/sim/') && !mayUseSimulation(path)) {
    found.push(['sim-import', `${target} is for tests and scripts only`]);
  }
  if (path.startsWith('consensus/sim/checkers/') && !isTest(path) && kind !== 'type' && CHECKED.test(target)) {
    found.push(['checker-import', `a checker takes only types from ${target}: it must not share the code it checks`]);
  }
  return found;
}

/** Tests and examples of the client run in Node. */
function isForNode(path: string): boolean {
  return isTestOrBench(path) || path.startsWith('client/examples/');
}

function mayUseSimulation(path: string): boolean {
  return path.startsWith('consensus/sim/') || path.startsWith('scripts/') || isTestOrBench(path);
}

function topOf(path: string): string {
  return path.slice(0, path.indexOf('/') === -1 ? path.length : path.indexOf('/'));
}

function roomOf(path: string): string | undefined {
  const room = /^node\/([^/]+)\//.exec(path)?.[1];
  return room !== undefined && NODE_ROOMS.has(room) ? room : undefined;
}
