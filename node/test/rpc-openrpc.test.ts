import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as openRpc from '@open-rpc/meta-schema';
import { Ajv, type AnySchemaObject } from 'ajv';
import { RPC_LIMITS, RPC_RATES } from '../rpc/limits.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { openRpcDocument } from '../rpc/openrpc.ts';
import { EXAMPLES } from '../rpc/openrpc-examples.ts';
import { ADMIN, OPERATOR, openSocket, type Rig, startRig } from './harness/rpc-client.ts';

interface Param {
  readonly name: string;
  readonly required: boolean;
  readonly schema: AnySchemaObject;
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly Param[];
  readonly result: { readonly schema: AnySchemaObject };
  readonly examples: readonly { readonly params: readonly { readonly name: string; readonly value: unknown }[] }[];
  readonly 'x-scope': string;
  readonly 'x-cost': { readonly base: number; readonly perItem: number };
}

interface Document {
  readonly methods: readonly Described[];
  readonly 'x-limits': Readonly<Record<string, number>>;
  readonly 'x-caller'?: { readonly scope: string; readonly transport: string; readonly rate: object };
}

const METHODS = allMethods('0.0.0');
const draft7 = createRequire(import.meta.url)('ajv/dist/refs/json-schema-draft-07.json') as AnySchemaObject;
// Its declaration has the types of a document and leaves out the schema itself.
const META_SCHEMA = (openRpc as unknown as { readonly openrpcDocument: AnySchemaObject }).openrpcDocument;
/** What the meta-schema of OpenRPC calls a schema: draft 7, by an address and a place of its own. */
const SCHEMA_OF_SCHEMAS = {
  ...draft7,
  definitions: { ...draft7.definitions, JSONSchemaObject: { properties: { $ref: draft7.properties.$ref } } },
};

function createAjv(): Ajv {
  // `format` says what a text is; the node checks it by rules of its own.
  return new Ajv({ strict: false, validateFormats: false, allErrors: true });
}

async function served(rig: Rig): Promise<Document> {
  return (await (await fetch(`${rig.url}/openrpc.json`)).json()) as Document;
}

const names = ({ methods }: Document): string[] => methods.map(({ name }) => name);

test('the document is one by the meta-schema of OpenRPC', async (t) => {
  const rig = await startRig(t);
  const document = await served(rig);
  const ajv = createAjv();
  // Named with a slash at its end and without.
  for (const $id of ['https://meta.json-schema.tools', 'https://meta.json-schema.tools/']) {
    ajv.addSchema({ ...SCHEMA_OF_SCHEMAS, $id });
  }
  const { $schema, ...schema } = META_SCHEMA;
  const validate = ajv.compile(schema);
  validate(document);
  assert.deepEqual(validate.errors ?? [], []);
  assert.equal(validate({ ...document, methods: [{ name: 'x' }] }), false, 'the check can fail');
  for (const { name, params, result } of document.methods) {
    for (const one of [...params.map(({ schema: each }) => each), result.schema]) {
      assert.equal(ajv.validateSchema(one), true, `${name} ${ajv.errorsText()}`);
    }
  }
});

test('every $ref leads to something', async (t) => {
  const document = await served(await startRig(t));
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { $ref } = value as { readonly $ref?: unknown };
    if (typeof $ref === 'string') found.push($ref);
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(document);
  assert.ok(found.length > METHODS.size);
  for (const ref of new Set(found)) {
    assert.ok(ref.startsWith('#/'), ref);
    let here: unknown = document;
    for (const step of ref.slice(2).split('/')) {
      assert.ok(typeof here === 'object' && here !== null && Object.hasOwn(here, step), ref);
      here = (here as Readonly<Record<string, unknown>>)[step];
    }
  }
});

test('every method has an example that its own schema takes, by name and by position', async (t) => {
  const document = await served(await startRig(t));
  assert.deepEqual([...EXAMPLES.keys()].sort(), [...METHODS.keys()].sort());
  for (const { name, params, examples } of document.methods) {
    const [example] = examples;
    assert.ok(example !== undefined, name);
    const given = new Map(example.params.map((param) => [param.name, param.value]));
    assert.equal(METHODS.get(name)?.params.safeParse(Object.fromEntries(given)).success, true, name);
    for (const { name: field, required, schema } of params) {
      if (!given.has(field)) assert.equal(required, false, `${name}.${field}`);
      else assert.equal(createAjv().validate(schema, given.get(field)), true, `${name}.${field}`);
    }
  }
});

test('every listed method can be called, and results are of their schema', async (t) => {
  const rig = await startRig(t);
  const document = await served(rig);
  const socket = await openSocket(t, rig, { authorization: `Bearer ${ADMIN}` });
  for (const { name, result } of document.methods) {
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params: EXAMPLES.get(name) ?? {} }));
    const answer = await socket.next();
    // An example may name what this node does not have; it is no unknown method and no wrong params.
    assert.ok(answer.error === undefined || answer.error.code > 0, `${name} ${JSON.stringify(answer.error)}`);
    if (answer.error === undefined) {
      const ajv = createAjv();
      assert.equal(ajv.validate(result.schema, answer.result), true, `${name} ${ajv.errorsText()}`);
    }
  }
  assert.deepEqual(rig.internal, []);
});

test('rpc.discover lists what this caller may call, with its limits', async (t) => {
  const rig = await startRig(t);
  const all = names(await served(rig));
  const of = (token: string) => rig.result<Document>('rpc.discover', undefined, token);
  const [nobody, operator, admin] = [await of(''), await of(OPERATOR), await of(ADMIN)];
  assert.deepEqual(nobody['x-caller'], { scope: 'none', transport: 'http', rate: rateOf('anonymous') });
  assert.deepEqual(operator['x-caller'], { scope: 'operator', transport: 'http', rate: rateOf('authenticated') });
  assert.equal(admin['x-caller']?.scope, 'admin');
  const scopes = (document: Document) => [...new Set(document.methods.map((method) => method['x-scope']))].sort();
  assert.deepEqual(scopes(nobody), ['caller', 'none']);
  assert.deepEqual(scopes(operator), ['caller', 'none', 'operator']);
  assert.deepEqual(scopes(admin), ['admin', 'caller', 'none', 'operator']);
  assert.deepEqual(
    names(admin),
    all.filter((name) => !name.startsWith('sub_')),
  );
  assert.deepEqual(names(await of('wrong')), names(nobody));
  assert.equal(admin['x-limits'].batchMax, RPC_LIMITS.batchMax);
  const needsSignature = (document: Document) =>
    document.methods.find(({ name }) => name === 'ballot_submit')?.params.find(({ name }) => name === 'signature')
      ?.required;
  assert.deepEqual([needsSignature(nobody), needsSignature(operator)], [true, false]);
  const socket = await openSocket(t, rig, { authorization: `Bearer ${ADMIN}` });
  socket.send('{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}');
  const { result } = await socket.next();
  assert.deepEqual(names(result as Document), all);
  assert.equal((result as Document)['x-caller']?.transport, 'websocket');
});

function rateOf(caller: keyof typeof RPC_RATES): object {
  const { perS, burst } = RPC_RATES[caller];
  return { unitsPerS: perS, unitsBurst: burst };
}

test('what is listed for nobody is refused nobody, what is not is', async (t) => {
  const rig = await startRig(t);
  const listed = new Set(names(await rig.result<Document>('rpc.discover', undefined, '')));
  for (const name of METHODS.keys()) {
    const { error } = await rig.call(name, EXAMPLES.get(name), '');
    const isClosed = error?.code === -32001 || error?.code === -32601;
    // Without a signature a ballot needs a token: the listed one has it as a required param.
    if (name !== 'ballot_submit') assert.equal(isClosed, !listed.has(name), name);
  }
});

test('the whole document is the same every time and has a cost for every method', async () => {
  const render = () => JSON.stringify(openRpcDocument([...allMethods('1').values()], '1'));
  assert.equal(render(), render());
  for (const { name, 'x-cost': cost } of (JSON.parse(render()) as Document).methods) {
    assert.ok(cost.base >= 1 && cost.perItem >= 0, name);
  }
});
