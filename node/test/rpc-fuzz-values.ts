import fc from 'fast-check';
import type { JsonSchema } from '../rpc/schema-words.ts';

/** Names and hashes that the node under test knows, so that valid params reach what is behind the schema. */
export interface Pool {
  /** By the name of the field. */
  readonly ids: Readonly<Record<string, readonly string[]>>;
  readonly hexes: readonly string[];
}

const TIMES = [
  '2026-03-01T12:00:30.000Z',
  '2026-03-01T12:00:00Z',
  '1970-01-01T00:00:00.000Z',
  '2099-12-31T23:59:59.999Z',
  '9999-12-31T23:59:59.9Z',
];

/** Params as the schema wants them; optional ones come and go. */
export function validOf(schema: JsonSchema, pool: Pool, name = ''): fc.Arbitrary<unknown> {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return fc.oneof(...alternatives.map((one) => validOf(one, pool, name)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object':
      return objectOf(schema, pool);
    case 'array':
      return listOf(schema, pool, name);
    case 'integer':
      return fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 99, 12) }) },
        fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? Number.MAX_SAFE_INTEGER),
      );
    case 'boolean':
      return fc.boolean();
    case 'string':
      return textOf(schema, pool, name);
    default:
      return fc.constant(null);
  }
}

function objectOf(schema: JsonSchema, pool: Pool): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], propertyNames, additionalProperties } = schema;
  if (propertyNames !== undefined && typeof additionalProperties === 'object') {
    const key = validOf(propertyNames, pool, 'proposal').map(String);
    const entries = fc.array(fc.tuple(key, validOf(additionalProperties, pool)), { maxLength: 2 });
    return entries.map((list) => Object.fromEntries(list));
  }
  const fields = Object.entries(properties).map(([name, one]) => [name, validOf(one, pool, name)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true });
}

function listOf({ items = {}, minItems = 0, maxItems = 3 }: JsonSchema, pool: Pool, name: string) {
  const singular = name.replace(/s$/, '');
  const size = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 3)) };
  return fc.array(validOf(items, pool, singular), size);
}

function textOf({ pattern = '', format, maxLength = 64 }: JsonSchema, pool: Pool, name: string): fc.Arbitrary<unknown> {
  const digits = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(pattern)?.[1];
  if (digits !== undefined) {
    const known = pool.hexes.filter(({ length }) => length === Number(digits));
    const random = fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'),
      minLength: Number(digits),
      maxLength: Number(digits),
    });
    return known.length === 0 ? random : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, random);
  }
  if (format === 'date-time') return fc.constantFrom(...TIMES);
  if (pattern.startsWith('^12D3KooW')) return fc.constantFrom('A', 'B').map((one) => `12D3KooW${one.repeat(44)}`);
  if (pattern !== '') {
    const known = Object.hasOwn(pool.ids, name) ? (pool.ids[name] ?? []) : Object.values(pool.ids).flat();
    return fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...known) },
      fc.constantFrom('new-1', 'new-2', '0', 'constructor'),
    );
  }
  return fc.oneof(fc.constantFrom('Text', 'ünï ☃', 'a\nb\tc'), fc.string({ maxLength: Math.min(maxLength, 20) }));
}

const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

/** What somebody with bad intentions, or a bad program, would put anywhere. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    ' ',
    'null',
    -1,
    0.1,
    -0,
    1e21,
    1e308,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2 ** 31,
    2 ** 32,
    [],
    {},
    [[]],
    [null],
    { constructor: { prototype: 1 } },
    { prototype: null },
    { length: 1 },
    { toString: 1, valueOf: 1, toJSON: 1 },
    JSON.parse('{"then":1}'),
  ),
  fc.constantFrom(
    '\u0000',
    'a\u0000b',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '../../../../etc/passwd',
    'file:///etc/passwd',
    'C:\\Windows\\system32',
    "'; DROP TABLE ballots; --",
    '" OR 1=1',
    '$' + '{7*7}{{7*7}}',
    '%00%2e%2e%2f',
    '<script>alert(1)</script>',
    '\u202eevil',
    'e\u0301',
    '\ud800',
    '\u{1f41d}'.repeat(600),
    'А',
    '𝕒𝕓',
    '9'.repeat(400),
    'f'.repeat(64),
    'F'.repeat(64),
    '0'.repeat(128),
    `${'a/'.repeat(50)}b`,
    'bWFpbi9zMQ',
    '2026-02-30T00:00:00Z',
    '0000-00-00T00:00:00Z',
    '-000001-01-01T00:00:00Z',
  ),
  fc.constantFrom(deep(20), deep(50), { a: { b: { c: { d: {} } } } }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

type Step = string | number;

function placesOf(value: unknown, at: readonly Step[] = []): (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [at, ...[...entries].flatMap(([step, inner]) => placesOf(inner, [...at, step]))];
}

/** A copy in which `change` was applied to the value at the path. */
function changedAt(value: unknown, [step, ...rest]: readonly Step[], change: (value: unknown) => unknown): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value)) return value.map((one, at) => (at === step ? changedAt(one, rest, change) : one));
  const entries = Object.entries(value as object);
  return Object.fromEntries(entries.map(([key, one]) => [key, key === step ? changedAt(one, rest, change) : one]));
}

const REMOVED = Symbol('removed');

function withoutRemoved(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== REMOVED).map(withoutRemoved);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, one]) => one !== REMOVED);
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutRemoved(one)]));
}

const KEYS = ['x', 'spac', 'constructor', 'toString', '../x', 'a.b', '', '\u0000', 'K'.repeat(400)];

/** One fault in what was valid: a hostile value, a field gone, one too many, or one twice. */
function change(nasty: unknown, kind: number): (value: unknown) => unknown {
  return (value) => {
    if (kind === 0) return REMOVED;
    if (kind === 1 && Array.isArray(value)) return [...value, ...value];
    if (kind === 2 && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ...value, [KEYS[Math.abs(JSON.stringify(nasty)?.length ?? 0) % KEYS.length] ?? 'x']: nasty };
    }
    if (kind === 3 && typeof value === 'number') return value * 2 + 0.5;
    if (kind === 4 && typeof value === 'string') return `${value}${value}\u0000`;
    return nasty;
  };
}

/** Params that were valid but for one place. */
export function nearOf(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(valid, fc.nat(), hostile, fc.nat({ max: 9 })).map(([params, place, nasty, kind]) => {
    const places = placesOf(params).slice(1);
    const at = places[place % Math.max(places.length, 1)];
    if (at === undefined) return { x: nasty };
    return withoutRemoved(changedAt(params, at, change(nasty, kind)));
  });
}
