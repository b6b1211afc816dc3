import type { z } from 'zod';
import { nearestName } from '../../protocol/nearest.ts';
import { alternativesOf, type JsonSchema, jsonSchemaOf, readable, wordsOf } from './schema-words.ts';

/*
 * What is wrong with params, in words of our own: the validator's never reach a client, because they are not part of
 * the contract and say what a program expected, not what a person should write (interface.md, Errors).
 */

export interface Fault {
  /** Where: keys and places from the params down. */
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

type Issue = z.core.$ZodIssue;

/** Schemas never change while a node runs, and each is asked for once per refusal. */
const SCHEMAS = new WeakMap<z.ZodType, JsonSchema>();

/** The first fault of params that `schema` refused with these issues, undefined when there are none. */
export function faultOf(schema: z.ZodType, issues: readonly Issue[], given: unknown): Fault | undefined {
  const issue = mostTelling(issues, given);
  if (issue === undefined) return undefined;
  let root = SCHEMAS.get(schema);
  if (root === undefined) {
    root = jsonSchemaOf(schema, 'input');
    SCHEMAS.set(schema, root);
  }
  const here = schemaAt(root, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? '';
    return { path: [...issue.path, name], detail: unknownName('field', name, namesOf(here)) };
  }
  return { path: issue.path, detail: textOf(issue, here, valueAt(given, issue.path)) };
}

/** Added to a refusal that says "no such …" already. */
export function meantName(name: string, known: readonly string[]): { readonly detail?: string } {
  const nearest = nearestName(name, known);
  return nearest === undefined ? {} : { detail: `did you mean ${nearest}?` };
}

/** "no such field, did you mean closesAt?" */
export function unknownName(what: 'param' | 'field' | 'method', name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `no such ${what}` : `no such ${what}, did you mean ${nearest}?`;
}

/** A misspelt name is two faults, one missing and one unknown: the unknown one is what was written. */
function mostTelling(issues: readonly Issue[], given: unknown): Issue | undefined {
  const [first] = issues;
  if (first === undefined || valueAt(given, first.path) !== undefined) return first;
  const parent = first.path.slice(0, -1).join('\n');
  return issues.find(({ code, path }) => code === 'unrecognized_keys' && path.join('\n') === parent) ?? first;
}

function textOf(issue: Issue, schema: JsonSchema | undefined, value: unknown): string {
  if (issue.code === 'custom' && issue.message !== '') return issue.message;
  const expected = schema === undefined ? undefined : wordsOf(schema);
  if (issue.code === 'invalid_key') return `not a name for this: expected ${nameWords(schema)}`;
  if (expected === undefined) return 'not what is expected here';
  if (value === undefined) return `missing: expected ${expected}`;
  if (issue.code === 'too_big' && Array.isArray(value)) return `too many: ${readable(Number(issue.maximum))} at most`;
  if (issue.code === 'too_small' && Array.isArray(value)) return `too few: at least ${readable(Number(issue.minimum))}`;
  if (issue.code === 'too_big' && typeof value === 'string') return `too long: expected ${expected}`;
  return `expected ${expected}`;
}

function nameWords(schema: JsonSchema | undefined): string {
  return schema?.propertyNames === undefined ? 'another one' : wordsOf(schema.propertyNames);
}

/** What the schema says of the place; of several alternatives all that know it. */
function schemaAt(root: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined {
  let here: readonly JsonSchema[] = [root];
  for (const step of path) here = here.flatMap(alternativesOf).flatMap((schema) => childOf(schema, step) ?? []);
  return here.length > 1 ? { anyOf: here } : here[0];
}

/** For the name of a record's key the record itself, which knows what names it takes. */
function childOf(schema: JsonSchema, step: PropertyKey): JsonSchema | undefined {
  if (typeof step === 'number') return schema.items;
  const { properties = {}, propertyNames, additionalProperties } = schema;
  if (Object.hasOwn(properties, step)) return properties[String(step)];
  if (typeof additionalProperties !== 'object') return undefined;
  return propertyNames === undefined ? additionalProperties : { ...additionalProperties, propertyNames };
}

function namesOf(schema: JsonSchema | undefined): string[] {
  const all = schema === undefined ? [] : alternativesOf(schema);
  return [...new Set(all.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let here = given;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return here;
}
