import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { longFunctions } from '../tidy/functions.ts';
import { importsOf } from '../tidy/imports.ts';
import { scan } from '../tidy/scanner.ts';

const codeOf = (text: string) => scan(text).code.replaceAll(/ +/g, ' ').trim();
const kinds = (text: string) => importsOf('a/b.ts', scan(text)).map(({ specifier, kind }) => `${kind} ${specifier}`);

test('comments, strings and regular expressions are blanked, code is kept', () => {
  assert.equal(codeOf("a('x // y', /* z */ b) // c"), "a(' ', b)");
  assert.equal(codeOf('a = "it\'s" + \'"\';'), 'a = " " + \' \';');
  assert.equal(codeOf('a = b / c / d;'), 'a = b / c / d;');
  assert.equal(codeOf('if (/[/"]/.test(a)) return /b/g;'), 'if (/ /.test(a)) return / /g;');
  assert.equal(codeOf("a = x[0] / 2 + '/';"), "a = x[0] / 2 + ' ';");
});

test('code in the substitutions of templates is kept, at any depth', () => {
  assert.equal(codeOf('`x ${a({ b: 1 })} y ${`z ${c}`} w`;'), '` ${a({ b: 1 })} ${` ${c}`} `;');
  assert.equal(codeOf('`\\${no} \\` $no`; d'), '` `; d');
});

test('offsets and lines are those of the source, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'\'"`/*$\\{}()\n a=['.split('')), maxLength: 60 }), (text) => {
      const { code, comments } = scan(text);
      assert.equal(code.length, text.length);
      assert.equal(comments.length, text.length);
      for (const [i, char] of [...text].entries()) {
        assert.equal(code[i] === '\n' || comments[i] === '\n', char === '\n');
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('imports of every form are seen with their kind', () => {
  assert.deepEqual(kinds("import { a } from 'm';\nimport type { B } from './n.ts';\nimport 'o';"), [
    'value m',
    'type ./n.ts',
    'value o',
  ]);
  assert.deepEqual(kinds("import a, * as b from 'm'; export * from 'n'; export type { C } from 'o';"), [
    'value m',
    'value n',
    'type o',
  ]);
  assert.deepEqual(kinds("const a = await import('m'); type B = typeof import('n');"), ['dynamic m', 'dynamic n']);
  assert.deepEqual(kinds("import type from 'm'; import { type A } from 'n';"), ['value m', 'value n']);
  assert.deepEqual(kinds("import {\n  a, // from 'no'\n  b,\n} from\n  'm';"), ['value m']);
  assert.deepEqual(kinds("const a = 'from'; const b = Array.from('c'); f(\"import('x')\");"), []);
});

test('a relative import is resolved from the root', () => {
  assert.equal(importsOf('a/b/c.ts', scan("import '../d.ts';"))[0]?.target, 'a/d.ts');
});

test('functions are measured, other blocks are not', () => {
  const lines = '\n'.repeat(9);
  assert.equal(longFunctions(`function f(a: number): void {${lines}}`, 5)[0]?.lines, 10);
  assert.equal(longFunctions(`class A { m(): string[] {${lines}} }`, 5).length, 1);
  assert.equal(longFunctions(`const f = (a: { b: 1 }) => {${lines}};`, 5).length, 1);
  assert.equal(longFunctions(`if (a) {${lines}} for (;;) {${lines}} const o = {${lines}};`, 5).length, 0);
});
