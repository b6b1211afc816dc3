import { at, type Finding } from './finding.ts';
import type { TextFile, Tree } from './tree.ts';

const EXACT_VERSION = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const GOSSIPSUB = '@chainsafe/libp2p-gossipsub';
const GOSSIPSUB_MAJOR_MIN = 16;
const MACHINE_PATH = /(?<![\w.$~}-])\/(?:home|Users|root|work|mnt)\/[\w.-]+|\b[A-Z]:\\Users\\/g;
const REGISTRY =
  /\bregistry\.[\w-]+\.(?:org|com|io|dev)\b|^\s*(?:@[\w-]+:)?registry\s*=|"resolved"\s*:\s*"(?:https?:|git)/gm;

/** Rules on the repository as a whole: documents, dependencies, what must not leak into it. */
export function repoRules(tree: Tree): Finding[] {
  const found = tree.files.flatMap((file) => [...headings(file), ...leaks(file)]);
  const manifest = tree.files.find(({ path }) => path === 'package.json');
  const lock = tree.files.find(({ path }) => path === 'package-lock.json');
  if (manifest !== undefined) found.push(...manifestRules(manifest));
  if (lock !== undefined) found.push(...lockRules(lock));
  return found;
}

function headings(file: TextFile): Finding[] {
  if (!file.path.endsWith('.md')) return [];
  let fence: string | undefined;
  const titles: number[] = [];
  for (const [index, line] of file.text.split('\n').entries()) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined) fence = fence === undefined ? mark : mark.startsWith(fence) ? undefined : fence;
    else if (fence === undefined && /^# \S/.test(line)) titles.push(index + 1);
  }
  if (titles.length === 1) return [];
  const message = `${titles.length} titles (# …) in a document, exactly one is wanted`;
  return [{ file: file.path, line: titles[1] ?? 1, rule: 'markdown-h1', message }];
}

function leaks(file: TextFile): Finding[] {
  const paths = [...file.text.matchAll(MACHINE_PATH)].map((match) =>
    at(file, match.index, 'machine-path', `'${match[0]}' is a path of one machine`),
  );
  const hosts = [...file.text.matchAll(REGISTRY)].map((match) =>
    at(file, match.index, 'registry-host', 'no registry host in the repository: npm knows where to look'),
  );
  return [...paths, ...hosts];
}

/** Ways to be found, relayed or dialled by strangers: validators know each other (reliability.md 6, rule 8). */
const STRANGERS = /^@libp2p\/(?:kad-dht|circuit-relay-v2|autonat|upnp-nat|mdns|dcutr|webrtc|websockets|webtransport)$/;

function manifestRules(file: TextFile): Finding[] {
  const manifest = parse(file.text);
  const found: Finding[] = [];
  for (const name of Object.keys(recordOf(manifest.dependencies))) {
    if (!STRANGERS.test(name)) continue;
    found.push(at(file, file.text.indexOf(`"${name}"`), 'open-network', `${name}: only the roster connects`));
  }
  for (const group of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
    for (const [name, version] of Object.entries(recordOf(manifest[group]))) {
      if (EXACT_VERSION.test(String(version))) continue;
      const message = `${name} is '${String(version)}': pin one exact version`;
      found.push(at(file, file.text.indexOf(`"${name}"`), 'unpinned-version', message));
    }
  }
  for (const target of leavesOf(manifest.imports)) {
    if (target.startsWith('./protocol/crypto/')) continue;
    const message = `'${target}' in imports: only what differs by platform, in protocol/crypto, hides behind a name`;
    found.push(at(file, Math.max(0, file.text.indexOf(target)), 'imports-map', message));
  }
  const alias = recordOf(manifest.dependencies)[GOSSIPSUB];
  if (alias !== undefined && majorOf(/^npm:@libp2p\/gossipsub@(.*)$/.exec(String(alias))?.[1]) < GOSSIPSUB_MAJOR_MIN) {
    found.push(at(file, file.text.indexOf(GOSSIPSUB), 'gossipsub-alias', gossipsubMessage(String(alias))));
  }
  return found;
}

/** The targets of an `imports` map, however conditions nest. */
function leavesOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(recordOf(value)).flatMap(leavesOf);
}

function lockRules(file: TextFile): Finding[] {
  const packages = recordOf(parse(file.text).packages);
  const found: Finding[] = [];
  for (const [path, value] of Object.entries(packages)) {
    const entry = recordOf(value);
    const where = Math.max(0, file.text.indexOf(`"${path}": {`));
    if (entry.resolved !== undefined && entry.link !== true) {
      found.push(
        at(file, where, 'lock-resolved', `${path} names where it was downloaded: set omit-lockfile-registry-resolved`),
      );
    }
    // Packages for other platforms may be absent from a mirror; whatever is installed here must be pinned by its hash.
    if (path !== '' && entry.integrity === undefined && entry.optional !== true && entry.link !== true) {
      found.push(at(file, where, 'lock-integrity', `${path} has no checksum`));
    }
    if (!path.endsWith(`node_modules/${GOSSIPSUB}`)) continue;
    if (entry.name !== '@libp2p/gossipsub' || majorOf(entry.version) < GOSSIPSUB_MAJOR_MIN) {
      found.push(
        at(file, where, 'gossipsub-alias', gossipsubMessage(`${String(entry.name)}@${String(entry.version)}`)),
      );
    }
  }
  return found;
}

function gossipsubMessage(is: string): string {
  return `${GOSSIPSUB} is ${is}, must be @libp2p/gossipsub >= ${GOSSIPSUB_MAJOR_MIN} (older ones decode without limits)`;
}

function majorOf(version: unknown): number {
  return Number.parseInt(String(version ?? '0'), 10) || 0;
}

function parse(text: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
