import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { WaggleError } from '../../protocol/errors.ts';
import { nearestName } from '../../protocol/nearest.ts';

/** What config.yaml may hold. Local options only: what all nodes share stands in genesis.json. */
export interface ConfigFile {
  readonly name?: string;
  readonly role?: string;
  readonly rpc?: {
    readonly host?: string;
    readonly port?: number;
    readonly hosts?: readonly string[];
    readonly origins?: readonly string[];
  };
  readonly p2p?: {
    readonly listen?: readonly string[];
    /** Where to dial a validator, by its name, in the place of its addresses in the roster. */
    readonly dial?: Readonly<Record<string, string>>;
  };
  readonly log?: { readonly level?: string };
  readonly retention?: { readonly blocks?: string | number };
  readonly agent?: { readonly mode?: string };
}

type Kind = 'text' | 'number' | 'text-or-number' | 'texts' | 'texts-by-name' | { readonly [key: string]: Kind };

const SCHEMA = {
  name: 'text',
  role: 'text',
  rpc: { host: 'text', port: 'number', hosts: 'texts', origins: 'texts' },
  p2p: { listen: 'texts', dial: 'texts-by-name' },
  log: { level: 'text' },
  retention: { blocks: 'text-or-number' },
  agent: { mode: 'text' },
} as const satisfies { readonly [key: string]: Kind };

/**
 * Read config.yaml strictly.
 * @throws WaggleError WAGGLE_CONFIG_SYNTAX {line, column, reason}: not YAML, or a key twice
 * @throws WaggleError WAGGLE_CONFIG_KEY {key, nearest, line, column}: no such key
 * @throws WaggleError WAGGLE_CONFIG_VALUE {field, rule, line, column}: not of the kind the key wants; an alias
 *   never is
 */
export function parseConfigFile(text: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true, uniqueKeys: true, schema: 'core' });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new WaggleError('WAGGLE_CONFIG_SYNTAX', { line, column: col, reason: fault.code });
  }
  if (document.contents === null) return {};
  return readMap(document.contents, SCHEMA, '', lines) as ConfigFile;
}

type Value = string | number | readonly string[] | { readonly [key: string]: Value };

function readMap(node: Node, schema: { readonly [key: string]: Kind }, path: string, lines: LineCounter): Value {
  if (!isMap(node)) throw fault(path === '' ? '$' : path, 'a map of keys', node, lines);
  const known = new Map(Object.entries(schema));
  const entries: [string, Value][] = [];
  for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
    const name = isScalar(key) ? String(key.value) : '';
    const kind = known.get(name);
    if (kind === undefined) {
      const nearest = nearestName(name, [...known.keys()]);
      throw new WaggleError('WAGGLE_CONFIG_KEY', { key: join(path, name), nearest, ...placeOf(key, lines) });
    }
    // A key without a value is as good as absent.
    if (value === null || (isScalar(value) && value.value === null)) continue;
    entries.push([name, readValue(value, kind, join(path, name), lines)]);
  }
  return Object.fromEntries(entries);
}

function readValue(node: Node, kind: Kind, path: string, lines: LineCounter): Value {
  if (typeof kind === 'object') return readMap(node, kind, path, lines);
  if (kind === 'texts') {
    if (!isSeq(node)) throw fault(path, 'a list of texts', node, lines);
    return node.items.map((item) => textOf(item as Node, path, lines));
  }
  if (kind === 'texts-by-name') return readNamedTexts(node, path, lines);
  const isText = isScalar(node) && typeof node.value === 'string';
  if (kind === 'text' || (kind === 'text-or-number' && isText)) return textOf(node, path, lines);
  if (isScalar(node) && typeof node.value === 'number') return node.value;
  throw fault(path, 'a number', node, lines);
}

function readNamedTexts(node: Node, path: string, lines: LineCounter): Value {
  if (!isMap(node)) throw fault(path, 'a map of names to texts', node, lines);
  const entries = (node as YAMLMap<Node, Node | null>).items.map(({ key, value }): [string, string] => {
    if (value === null) throw fault(path, 'a text for each name', key, lines);
    // A name of digits alone reads as a number and is a name all the same.
    const name = isScalar(key) ? String(key.value) : textOf(key, path, lines);
    return [name, textOf(value, path, lines)];
  });
  return Object.fromEntries(entries);
}

function textOf(node: Node, path: string, lines: LineCounter): string {
  if (isScalar(node) && typeof node.value === 'string') return node.value;
  throw fault(path, 'a text', node, lines);
}

function fault(field: string, rule: string, node: Node, lines: LineCounter): WaggleError {
  return new WaggleError('WAGGLE_CONFIG_VALUE', { field, rule, ...placeOf(node, lines) });
}

function placeOf(node: Node | null, lines: LineCounter): { line: number; column: number } {
  const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
  return { line, column: col };
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
