import { at, type Finding, isTest, isTestOrBench } from './finding.ts';
import { longFunctions } from './functions.ts';
import type { SourceFile } from './tree.ts';

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

type Ban = readonly [name: string, pattern: RegExp];

/** What makes two runs of the pure core differ: clocks, timers, randomness, the process, locales, asynchrony. */
const PURE_BANS: readonly Ban[] = [
  ['Date.now', /(?<![\w$.])Date\s*\.\s*now\b/g],
  ['new Date', /(?<![\w$.])new\s+Date\b/g],
  ['performance.now', /(?<![\w$])performance\s*\.\s*now\b/g],
  ['Math.random', /(?<![\w$.])Math\s*\.\s*random\b/g],
  ['a timer', /(?<![\w$.])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b(?!\s*[?:=])/g],
  ['globalThis', /(?<![\w$.])globalThis\b/g],
  ['process', /(?<![\w$.])process\s*(?:\.|\[|\?\.)/g],
  ['async', /(?<![\w$.])async\s+(?:function\b|[\w$*[(#])|(?<![\w$.])async\s*\([^)]*\)\s*(?::[^={]*)?=>/g],
  ['await', /(?<![\w$.])await\b(?!\s*[?:=])/g],
  ['Promise', /(?<![\w$.])Promise\b/g],
  ['a locale', /\.\s*(?:localeCompare|toLocale[A-Z]\w*)\s*\(|(?<![\w$.])Intl\s*\./g],
];

/** What browsers do not have. */
const NODE_GLOBALS: readonly Ban[] = [
  ['Buffer', /(?<![\w$.])Buffer\b/g],
  ['process', /(?<![\w$.])process\s*(?:\.|\[|\?\.)/g],
  ['require', /(?<![\w$.])require\s*\(/g],
  ['setImmediate', /(?<![\w$.])setImmediate\b/g],
  ['__dirname', /(?<![\w$.])__(?:dirname|filename)\b|\bimport\.meta\.(?:dirname|filename|main)\b/g],
];

const SLEEPS: readonly Ban[] = [
  ['a timer', /(?<![\w$.])(?:(?:globalThis|timers)\s*\.\s*)?(?:setTimeout|setInterval)\s*\(/g],
  ['a sleep', /(?<![\w$.])(?:delay|sleep)\s*\(/g],
  ['a sleep', /(?<![\w$.])Atomics\s*\.\s*wait\b/g],
];

/** Rules on one source file that need more than its imports. */
export function codeRules(file: SourceFile): Finding[] {
  return [
    ...pureBans(file),
    ...webBans(file),
    ...testRules(file),
    ...exportRules(file),
    ...marks(file),
    ...sizes(file),
    ...errorCodes(file),
  ];
}

function pureBans(file: SourceFile): Finding[] {
  if (!/^(?:protocol|consensus)\//.test(file.path) || isTestOrBench(file.path)) return [];
  return matches(file, PURE_BANS, 'pure-banned', (name) => `${name} in the pure core: take it as an input`);
}

function webBans(file: SourceFile): Finding[] {
  const isWeb = file.path.startsWith('client/') && !file.path.startsWith('client/examples/');
  if (!isWeb || isTestOrBench(file.path)) return [];
  return matches(file, NODE_GLOBALS, 'client-global', (name) => `${name} in client/: browsers have none`);
}

function testRules(file: SourceFile): Finding[] {
  const found: Finding[] = [];
  if (file.path.endsWith('.test.ts')) {
    const focused =
      /(?<![\w$.])(?:test|it|describe|suite)\s*\.\s*(?:only|todo)\b|[{,]\s*(?:only|todo)\s*:\s*(?:true\b|['"`])/g;
    found.push(...matches(file, [['', focused]], 'test-only', () => 'a focused or unwritten test hides others'));
  }
  const mayWait = file.path.startsWith('testnet/test/e2e/') || file.path.startsWith('node/test/harness');
  if (!isTest(file.path) || mayWait) return found;
  for (const { offset, specifier } of file.imports) {
    if (/^(?:node:)?timers(?:\/promises)?$/.test(specifier)) {
      found.push(at(file, offset, 'test-sleep', `'${specifier}' in a unit test: wait for an event, or drive a clock`));
    }
  }
  const sleeps = matches(
    file,
    SLEEPS,
    'test-sleep',
    (name) => `${name} in a unit test: wait for an event, or drive a clock`,
  );
  return [...found, ...sleeps];
}

function exportRules(file: SourceFile): Finding[] {
  const defaults = /(?<![\w$.])export\s+default\b|(?<![\w$.])export\s*\{[^}]*\bas\s+default\b/g;
  // A declaration file says how a package exports, which is not ours to choose.
  const isDeclaration = file.path.endsWith('.d.ts');
  const found = isDeclaration ? [] : matches(file, [['', defaults]], 'default-export', () => 'named exports only');
  const rest = file.scan.code
    .replaceAll(/(?<![\w$.])import\b[^;]*;/g, '')
    .replaceAll(/(?<![\w$.])export\s*(?:type\s*)?(?:\*(?:\s*as\s+\w+)?|\{[^}]*\})\s*from\s*['"]\s*['"]\s*;/g, '');
  const reexports = /(?<![\w$.])export\b[^;]*\bfrom\s*['"]/.test(file.scan.code);
  if (reexports && rest.trim() === '')
    found.push(at(file, 0, 'barrel', 'a file of re-exports only: import from the origin'));
  if (/(?:^|\/)utils?\.[mc]?[jt]s$/.test(file.path))
    found.push(at(file, 0, 'utils-file', 'name the file after its one idea'));
  return found;
}

function marks(file: SourceFile): Finding[] {
  const found: Finding[] = [];
  for (const match of file.scan.comments.matchAll(/\b(?:FIXME|TODO|XXX)\b/g)) {
    found.push(at(file, match.index, 'fixme', `${match[0]} blocks a merge: do it, or write it down as a limit`));
  }
  return found;
}

function sizes(file: SourceFile): Finding[] {
  const found: Finding[] = [];
  const lines = file.text.split('\n').length - 1;
  if (lines > FILE_LINES_MAX && !/\/test\/vectors|^client\/generated\//.test(file.path)) {
    found.push({ file: file.path, line: 1, rule: 'file-length', message: `${lines} lines, at most ${FILE_LINES_MAX}` });
  }
  if (isTestOrBench(file.path)) return found;
  for (const { offset, lines: length } of longFunctions(file.scan.code, FUNCTION_LINES_MAX)) {
    const message = `a function of ${length} lines, at most ${FUNCTION_LINES_MAX}`;
    found.push({ ...at(file, offset, 'function-length', message), warning: true });
  }
  return found;
}

/** Codes are WAGGLE_<AREA>_<WHAT>; a broken invariant belongs to no area and has the one code without. */
function errorCodes(file: SourceFile): Finding[] {
  if (isTest(file.path)) return [];
  const pure = /^(?:protocol|consensus)\//.test(file.path);
  const found: Finding[] = [];
  for (const { start, value } of file.scan.strings) {
    const thrown = /\bWaggleError\s*\(\s*$/.test(file.scan.code.slice(Math.max(0, start - 60), start));
    const code = thrown || (pure && value.startsWith('WAGGLE_'));
    if (!code || value.includes('${') || value === 'WAGGLE_INVARIANT') continue;
    if (!/^WAGGLE_[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(value)) {
      found.push(at(file, start, 'error-code', `'${value}' is not WAGGLE_<AREA>_<WHAT>`));
    }
  }
  return found;
}

function matches(file: SourceFile, bans: readonly Ban[], rule: string, say: (name: string) => string): Finding[] {
  return bans.flatMap(([name, pattern]) =>
    [...file.scan.code.matchAll(pattern)]
      .filter((match) => !isMethod(file.scan.code, match))
      .map((match) => at(file, match.index, rule, say(name))),
  );
}

/** A declared method (`setTimeout(run, ms) {`, a fake clock) is no call of the global. */
function isMethod(code: string, match: RegExpExecArray): boolean {
  const open = match.index + match[0].length + (match[0].endsWith('(') ? -1 : 0);
  if (code[open] !== '(') return false;
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === '(') depth++;
    if (code[i] === ')' && --depth === 0) return /^\s*(?:\{|:\s*[\w<>[\]|. ]+[{;])/.test(code.slice(i + 1, i + 120));
  }
  return false;
}
