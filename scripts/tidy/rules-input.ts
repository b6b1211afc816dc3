import { at, type Finding, isTestOrBench } from './finding.ts';
import type { SourceFile } from './tree.ts';

/*
 * What holds the rules for input from strangers (docs/rules.md) where a test alone could not: one engine, one door, one
 * hash, no clock, and nothing built from what was sent.
 */

/** Engines that check signatures or read CBOR, and the one place of each. Elsewhere their answers would differ. */
const ENGINES: readonly (readonly [packages: RegExp, home: RegExp])[] = [
  [/^sodium-native$/, /^protocol\/crypto\//],
  [/^@noble\/ed25519$/, /^$/],
  [/^(?:@ipld\/dag-cbor|cbor|cbor-x|cborg|@noble\/curves|tweetnacl|libsodium-wrappers)(?:\/|$)/, /^$/],
  [/^classic-level$/, /^node\/storage\/(?:ledger-store|level-store|ledger-files)\.ts$/],
];
/**
 * What node/ may see of consensus: the step, what goes in and out, and the one door; how one epoch follows another; how a
 * state is taken over or made anew from blocks that hashes prove; what an author may do, for people; and when its own
 * batches are sealed, which no peer says.
 */
const DOORS =
  /^consensus\/(?:adopt|admit|anchor|answer|epochs|epoch-place|replica|replica-state|seat|types|wire|batching\/controller|batching\/pool|chains\/leftovers|chains\/restart|chains\/standings|execution\/executor)\.ts$/;
/**
 * Where the wall clock may be read in consensus: block times made and judged when voting, telling `session.due` and
 * `roster.ready`, and until when an own restart may stand in a block.
 */
const WALL_CLOCK =
  /^consensus\/(?:types|evidence|simplex\/(?:rules|validity|work)|execution\/(?:due|ready)|chains\/(?:author|restart))\.ts$/;
/** Hashes without a tag: the tagged one itself, trees, and the slot of a voter, which is no identity. */
const BARE_HASH = /^protocol\/(?:crypto\/|hash\.ts$|merkle\.ts$|ids\.ts$|vectors\/)/;
/** Its expressions are built from numbers of the code. */
const BUILDS_REGEXP = /^node\/rpc\/fields\.ts$/;
/** How long to wait before trying again is no secret. */
const JITTER = /^(?:node\/network\/backoff|client\/environment)\.ts$/;

const CORE = /^(?:protocol|consensus|client|node)\//;
const PURE = /^(?:protocol|consensus)\//;

export function inputRules(file: SourceFile): Finding[] {
  if (!CORE.test(file.path) || file.path.startsWith('consensus/sim/') || isTestOrBench(file.path)) return [];
  return [
    ...engines(file),
    ...doors(file),
    ...nodeVerify(file),
    ...unless(WALL_CLOCK, file, /(?<![\w$])wallMs\b/g, 'wall-clock', PURE, 'only votes on block.time may look at it'),
    ...unless(
      BARE_HASH,
      file,
      /(?<![\w$.])sha256\s*\(/g,
      'bare-hash',
      PURE,
      'hash with a tag: `tagged` in protocol/hash.ts',
    ),
    ...unless(
      BUILDS_REGEXP,
      file,
      /(?<![\w$.])RegExp\s*\(/g,
      'built-regexp',
      CORE,
      'write it out: input never makes one',
    ),
    ...unless(JITTER, file, /(?<![\w$.])Math\s*\.\s*random\b/g, 'weak-random', /^(?:client|node)\//, 'use randomBytes'),
    ...rejections(file),
  ];
}

/** What the client may import has a rule of its own. */
function engines(file: SourceFile): Finding[] {
  if (file.path.startsWith('client/')) return [];
  return file.imports.flatMap(({ offset, specifier }) => {
    const strange = ENGINES.some(([packages, home]) => packages.test(specifier) && !home.test(file.path));
    return strange ? [at(file, offset, 'one-engine', `'${specifier}' here: there is one engine, in one place`)] : [];
  });
}

function doors(file: SourceFile): Finding[] {
  if (!file.path.startsWith('node/')) return [];
  return file.imports.flatMap(({ offset, target, kind }) => {
    const isInside =
      target !== undefined && /^consensus\/(?!sim\/)/.test(target) && !DOORS.test(target) && kind !== 'type';
    return isInside ? [at(file, offset, 'one-door', `${target}: what comes from a peer goes through the step`)] : [];
  });
}

/** Its answers differ between releases of Node. */
function nodeVerify(file: SourceFile): Finding[] {
  return [...file.scan.code.matchAll(/\bimport\s*\{([^}]*)\}\s*from\s*(?=['"])/g)].flatMap((match) => {
    const names = /(?:^|[\s,{])(?:verify|createVerify)\b/.test(match[1] ?? '');
    const end = match.index + match[0].length;
    const isCrypto = file.scan.strings.some(({ start, value }) => start === end && /^(?:node:)?crypto$/.test(value));
    return names && isCrypto
      ? [at(file, match.index, 'one-engine', 'verify of node:crypto: it differs by release')]
      : [];
  });
}

/** A process that goes on after what it did not foresee is worse than one that ends. */
function rejections(file: SourceFile): Finding[] {
  return file.scan.strings
    .filter(({ value }) => /^(?:unhandledRejection|uncaughtException)$/.test(value))
    .map(({ start, value }) => at(file, start, 'crash-only', `a handler for '${value}': let the process end`));
}

function unless(
  allowed: RegExp,
  file: SourceFile,
  pattern: RegExp,
  rule: string,
  rooms: RegExp,
  message: string,
): Finding[] {
  if (allowed.test(file.path) || !rooms.test(file.path)) return [];
  return [...file.scan.code.matchAll(pattern)].map((match) => at(file, match.index, rule, message));
}
