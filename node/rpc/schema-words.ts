import { z } from 'zod';

/** The part of JSON Schema that `z.toJSONSchema` writes for the schemas of this room. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
}

/** All that may stand for a schema: itself, or each of its alternatives. */
export function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf;
  return inner === undefined ? [schema] : inner.flatMap(alternativesOf);
}

const WHOLE_MAX = Number.MAX_SAFE_INTEGER;

/** What a value must be, in a few words: "a whole number 1…10", "one of approve, reject, abstain". */
export function wordsOf(schema: JsonSchema): string {
  if (schema.description !== undefined) return schema.description;
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 1) return joinWords(alternatives);
  const only = alternatives[0] ?? schema;
  if (only !== schema) return wordsOf(only);
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum?.length === 1) return String(schema.enum[0]);
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(', ')}`;
  return typeWords(schema);
}

/** Each alternative once; single words together. */
function joinWords(alternatives: readonly JsonSchema[]): string {
  const constants = alternatives.flatMap(({ const: one }) => (one === undefined ? [] : [String(one)]));
  const others = alternatives.filter(({ const: one }) => one === undefined).map(wordsOf);
  const words = constants.length > 1 ? [...others, `one of ${constants.join(', ')}`] : [...others, ...constants];
  return [...new Set(words)].join(', or ');
}

function typeWords(schema: JsonSchema): string {
  if (schema.type === 'integer') return `a whole number${rangeOf(schema.minimum, schema.maximum)}`;
  if (schema.type === 'number') return `a number${rangeOf(schema.minimum, schema.maximum)}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'null') return 'null';
  if (schema.type === 'array') return listWords(schema);
  if (schema.type === 'string') return textWords(schema);
  return schema.type === 'object' ? 'an object' : 'a value';
}

function rangeOf(minimum: number | undefined, maximum: number | undefined): string {
  const isBounded = maximum !== undefined && maximum < WHOLE_MAX;
  if (minimum !== undefined && minimum > -WHOLE_MAX) {
    return isBounded ? ` ${readable(minimum)}…${readable(maximum)}` : `, at least ${readable(minimum)}`;
  }
  return isBounded ? `, at most ${readable(maximum)}` : '';
}

function listWords({ minItems = 0, maxItems }: JsonSchema): string {
  if (maxItems === undefined) return minItems > 0 ? `a list of at least ${minItems}` : 'a list';
  return `a list of ${readable(minItems)}…${readable(maxItems)}`;
}

function textWords({ maxLength, minLength = 0 }: JsonSchema): string {
  if (maxLength === undefined) return 'a text';
  return `a text of ${minLength > 0 ? `${minLength}…` : 'at most '}${readable(maxLength)} characters`;
}

/** A whole number with commas. By hand: Intl would be loaded at each start of a node for the texts of its schemas. */
export function readable(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
