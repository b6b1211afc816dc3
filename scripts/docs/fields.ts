import { alternativesOf, type JsonSchema, readable, wordsOf } from '../../node/rpc/schema-words.ts';

/** One line of a table of params or of a result. */
export interface Field {
  /** From the params down: `entries[].choice`. */
  readonly name: string;
  readonly type: string;
  /** Undefined where a parent may be absent altogether. */
  readonly isRequired: boolean;
  readonly fallback: string;
}

const ID = '^[a-z0-9][a-z0-9._-]{0,63}$';
const DEPTH_MAX = 6;

/** Every field of an object schema in the order of the schema, fields of fields below their own. */
export function fieldsOf(schema: JsonSchema, prefix = '', depth = 0): Field[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const fallback = inner.default === undefined ? '' : JSON.stringify(inner.default);
    const own: Field = { name: path, type: typeOf(inner), isRequired: required.has(name), fallback };
    return [own, ...(depth < DEPTH_MAX ? innerFields(inner, path, depth + 1) : [])];
  });
}

/** Fields inside a value, a list's items or a record's values; each name once, whatever alternative has it. */
function innerFields(schema: JsonSchema, path: string, depth: number): Field[] {
  if (schema.description !== undefined || isFraction(schema)) return [];
  const found = new Map<string, Field>();
  for (const one of alternativesOf(schema)) {
    const inside =
      one.items !== undefined
        ? innerFields(one.items, `${path}[]`, depth)
        : isRecord(one)
          ? innerFields(one.additionalProperties, `${path}.*`, depth)
          : fieldsOf(one, path, depth);
    for (const field of inside) {
      const known = found.get(field.name);
      found.set(field.name, known === undefined ? field : { ...field, type: joined(known.type, field.type) });
    }
  }
  return [...found.values()];
}

type RecordSchema = JsonSchema & { readonly additionalProperties: JsonSchema };

/** Values of one kind by names that are not known before. */
function isRecord(schema: JsonSchema): schema is RecordSchema {
  const { additionalProperties: rest, properties } = schema;
  return properties === undefined && typeof rest === 'object' && Object.keys(rest).length > 0;
}

function isFraction({ properties = {} }: JsonSchema): boolean {
  return Object.keys(properties).join() === 'num,den';
}

function joined(one: string, other: string): string {
  return one.split(' or ').includes(other) ? one : `${one} or ${other}`;
}

/** The short name of a type, as the page explains it at its head; else what it is in words. */
export function typeOf(schema: JsonSchema): string {
  if (isFraction(schema)) return 'fraction';
  const alternatives = alternativesOf(schema);
  if (schema.description === undefined && alternatives.length > 1) {
    return [...new Set(alternatives.map(typeOf))].join(' or ');
  }
  const { pattern, format, description } = alternatives.length === 1 ? (alternatives[0] ?? schema) : schema;
  if (pattern === ID) return 'id';
  const digits = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(pattern ?? '')?.[1];
  if (digits !== undefined) return description?.includes('public key') ? 'public key' : `hex of ${digits}`;
  if (pattern?.includes('[0-9a-f]{2}')) return 'hex';
  if (format === 'date-time' || pattern?.startsWith('^\\d{4')) return 'time';
  return plainType(schema);
}

function plainType(schema: JsonSchema): string {
  if (schema.items !== undefined) {
    const { minItems, maxItems } = schema;
    const count = maxItems === undefined ? '' : `, ${readable(minItems ?? 0)}…${readable(maxItems)}`;
    return `list of ${typeOf(schema.items)}${count}`;
  }
  if (isRecord(schema)) {
    return `object of ${typeOf(schema.additionalProperties)} by ${schema.propertyNames ? typeOf(schema.propertyNames) : 'name'}`;
  }
  return wordsOf(schema).replace(/^(?:an?|the) /, '');
}
