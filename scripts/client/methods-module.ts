import { type Schema, typeOf } from './schema-type.ts';

/** A method of an OpenRPC document, as far as types need it. */
export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly { readonly name: string; readonly required: boolean; readonly schema: Schema }[];
  readonly result: { readonly schema: Schema };
  readonly 'x-scope': string;
}

const HEADER = `/*
 * Generated from the OpenRPC document of the node by \`npm run client\`: do not edit.
 * Params and results of every method, the map of methods, and what token each wants.
 */
`;

const FOOTER = `
export type MethodName = keyof Methods;
export type MethodParams<Name extends MethodName> = Methods[Name]['params'];
export type MethodResult<Name extends MethodName> = Methods[Name]['result'];
`;

/** The module's text, not formatted yet. */
export function methodsModule(methods: readonly Method[]): string {
  const types = methods.map((method) => typesOf(method)).join('\n');
  const map = methods.map(({ name, summary }) => {
    const base = baseOf(name);
    return `/** ${commentOf(summary)} */\n${keyOf(name)}: { params: ${base}Params; result: ${base}Result };`;
  });
  const scopes = methods.map((method) => `${keyOf(method.name)}: '${method['x-scope']}',`);
  return [
    HEADER,
    types,
    `export interface Methods {\n${map.join('\n')}\n}\n`,
    `/** \`none\`: a read. \`caller\`: depends on the params. */\nexport const METHOD_SCOPES = {\n${scopes.join('\n')}\n} as const;\n`,
    FOOTER,
  ].join('\n');
}

function typesOf({ name, params, result }: Method): string {
  const base = baseOf(name);
  const fields = params.map((param) => `${keyOf(param.name)}${param.required ? '' : '?'}: ${typeOf(param.schema)};`);
  const given = fields.length === 0 ? 'Record<string, never>' : `{\n${fields.join('\n')}\n}`;
  return `export type ${base}Params = ${given};\n\nexport type ${base}Result = ${typeOf(result.schema)};\n`;
}

/** ballot_submit → BallotSubmit, rpc.discover → RpcDiscover. */
function baseOf(name: string): string {
  return name
    .split(/[._]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

function keyOf(name: string): string {
  return /^[a-z]\w*$/i.test(name) ? name : `'${name}'`;
}

function commentOf(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ');
}
