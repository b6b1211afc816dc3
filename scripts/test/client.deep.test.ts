import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Method, methodsModule } from '../client/methods-module.ts';
import { typeOf } from '../client/schema-type.ts';
import { currentModule } from '../client.ts';
import { plant, REPOSITORY, write } from './planted.ts';

test('schemas become the types that a reader expects', () => {
  const cases: readonly (readonly [schema: Parameters<typeof typeOf>[0], type: string])[] = [
    [{ type: 'string' }, 'string'],
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ anyOf: [{ type: 'integer' }, { type: 'number' }, { type: 'null' }] }, 'number | null'],
    [{ enum: ['a', "it's"] }, "'a' | 'it\\'s'"],
    [{ const: 1 }, '1'],
    [{}, 'unknown'],
    [{ type: 'array', items: { type: 'string' } }, 'readonly (string)[]'],
    [{ type: 'object', properties: {}, additionalProperties: false }, 'Record<string, never>'],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Record<string, number>'],
    [
      {
        type: 'object',
        properties: { a: { type: 'string' }, 'b-c': {} },
        required: ['a'],
        additionalProperties: false,
      },
      '{\na: string;\n"b-c"?: unknown;\n}',
    ],
    [
      { type: 'object', properties: { a: {} }, additionalProperties: {} },
      '{\na?: unknown;\n} & Record<string, unknown>',
    ],
  ];
  for (const [schema, type] of cases) assert.equal(typeOf(schema), type);
  assert.throws(() => typeOf({ type: 'nonsense' }));
});

test('a method has params, result, a line in the map and its scope', () => {
  const params = [{ name: 'id', required: true, schema: { type: 'string' } }];
  const method: Method = {
    name: 'a_b',
    summary: 'Ends */ early.',
    params,
    result: { schema: { type: 'null' } },
    'x-scope': 'admin',
  };
  const text = methodsModule([method]);
  for (const part of [
    'export type ABParams = {\nid: string;\n}',
    'export type ABResult = null',
    "a_b: 'admin'",
    'Ends * / early.',
  ]) {
    assert.ok(text.includes(part), `${part} in\n${text}`);
  }
});

test('the check passes the file that would be written and fails any other', (t) => {
  const text = currentModule();
  const check = (file: string) => {
    const root = plant(t);
    write(root, { 'client/generated/methods.ts': file });
    const args = [join(REPOSITORY, 'scripts', 'client.ts'), '--check', '--root', root];
    return spawnSync(process.execPath, args, { encoding: 'utf8' }).status;
  };
  assert.equal(check(text), 0);
  assert.equal(check(text.replace('export interface Methods {', 'export interface Methods {\n  planted: never;')), 1);
});
