import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS } from '../../node/rpc/error-codes.ts';
import { allMethods } from '../../node/rpc/methods/all.ts';
import { fieldsOf } from '../docs/fields.ts';
import { json, table } from '../docs/markdown.ts';
import { runExamples } from '../docs/run-examples.ts';
import { drift, PAGES } from '../docs.ts';
import { plant, REPOSITORY } from './planted.ts';

const page = (name: string) => readFileSync(join(REPOSITORY, 'docs', name), 'utf8');

test('the pages of this repository are what the code says', async () => {
  assert.deepEqual(await drift(REPOSITORY), []);
});

test('a page that drifted, or is missing, is found and its line named', async (t) => {
  const root = plant(t);
  mkdirSync(join(root, 'docs'));
  for (const { path, render } of PAGES) writeFileSync(join(root, path), await render());
  assert.deepEqual(await drift(root), []);
  const [first] = PAGES;
  assert.ok(first !== undefined);
  const lines = (await first.render()).split('\n');
  writeFileSync(join(root, first.path), lines.with(4, 'another line').join('\n'));
  assert.deepEqual(await drift(root), [`${first.path}:5 is not what the code says: npm run docs`]);
  rmSync(join(root, first.path));
  assert.deepEqual(await drift(root), [`${first.path}:1 is not what the code says: npm run docs`]);
});

test('--check ends with 1 on drift and writes nothing', (t) => {
  const root = plant(t);
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(REPOSITORY, 'scripts', 'docs.ts'), '--check', '--root', root],
    { encoding: 'utf8' },
  );
  assert.equal(status, 1);
  for (const { path } of PAGES) assert.match(stdout, new RegExp(`^${path}:1 is not`, 'm'));
});

test('every method is in the reference with an example, and every answer is of its shape', async () => {
  const methods = allMethods('0.0.0');
  const shown = await runExamples(methods);
  const text = page('rpc.md');
  for (const [name, method] of methods) {
    assert.ok(text.includes(`\n### ${name}\n`), name);
    const example = shown.get(name);
    assert.ok(example !== undefined, `no example of ${name} in scripts/docs/rpc-examples.ts`);
    const shape = method.result.safeParse(example.result);
    assert.ok(shape.success, `${name}: ${shape.error?.message}`);
  }
});

test('two runs of the examples show the same', async () => {
  const methods = allMethods('0.0.0');
  const [one, other] = [await runExamples(methods), await runExamples(methods)];
  for (const [name, { answer }] of one) assert.deepEqual(other.get(name)?.answer, answer, name);
});

test('every public error is on its page once', () => {
  const text = page('errors.md');
  for (const [type, { code }] of Object.entries(ERRORS)) {
    const line = `\n| ${String(code).replace('-', '−')} | \`${type}\` |`;
    assert.equal(text.split(line).length, 2, type);
  }
});

/** Prints the URLs of all modules that the generator loads. */
const LISTING = `
import { registerHooks } from 'node:module';
const seen = [];
registerHooks({ resolve(specifier, context, next) { const found = next(specifier, context); seen.push(found.url); return found; } });
const { PAGES } = await import(process.argv[1]);
for (const page of PAGES) await page.render();
console.log(seen.join('\\n'));
`;

test('the generator loads nothing that opens sockets', () => {
  const script = join(REPOSITORY, 'scripts', 'docs.ts');
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', LISTING, script], {
    encoding: 'utf8',
  });
  assert.match(stdout, /docs\/rpc\.ts/, stderr);
  assert.doesNotMatch(
    stdout,
    /node:(?:net|http2?|https|tls|dgram|cluster)$|node_modules\/(?:fastify|ws|libp2p|@libp2p)\//m,
  );
});

test('fields of fields have names from the params down, once whatever alternative has them', () => {
  const part = (kind: string) => ({
    type: 'object',
    properties: { kind: { type: 'string', const: kind }, [kind]: { type: 'integer', minimum: 1, maximum: 9 } },
    required: ['kind'],
  });
  const schema = {
    type: 'object',
    properties: {
      list: { type: 'array', minItems: 1, maxItems: 5, items: { oneOf: [part('a'), part('b')] } },
      share: { type: 'object', properties: { num: { type: 'integer' }, den: { type: 'integer' } } },
    },
    required: ['list'],
  };
  assert.deepEqual(
    fieldsOf(schema).map(({ name, type, isRequired }) => [name, type, isRequired]),
    [
      ['list', 'list of object, 1…5', true],
      ['list[].kind', 'a or b', true],
      ['list[].a', 'whole number 1…9', false],
      ['list[].b', 'whole number 1…9', false],
      ['share', 'fraction', false],
    ],
  );
});

test('tables survive bars, and JSON stays JSON on few lines', () => {
  assert.equal(table(['a'], [['x|y']]), '| a |\n| --- |\n| x\\|y |');
  const value = { a: 1, list: Array.from({ length: 40 }, (_, at) => ({ at, text: ', "' })), empty: {}, none: [] };
  assert.deepEqual(JSON.parse(json(value)), value);
  assert.ok(json(value).split('\n').length < 50);
});
