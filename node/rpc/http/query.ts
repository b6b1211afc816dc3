import { parseJson } from '../parse.ts';
import { RpcError } from '../rpc-error.ts';
import { alternativesOf, type JsonSchema } from '../schema-words.ts';

const PARAMS_MAX = 32;
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/;

/**
 * The params of a URL by name, each of the type its schema has. What is no value of that type stays a text, which the
 * schema then refuses by its name.
 * @throws RpcError params.invalid for a name twice, what is no UTF-8, and more than any method takes
 */
export function paramsOf(url: string, schema: JsonSchema): object {
  const start = url.indexOf('?');
  const parts =
    start === -1
      ? []
      : url
          .slice(start + 1)
          .split('&')
          .filter((part) => part !== '');
  if (parts.length > PARAMS_MAX) throw new RpcError('params.invalid', { detail: 'too many' });
  const found = new Map<string, unknown>();
  for (const part of parts) {
    const [written = '', ...rest] = part.split('=');
    const name = decode(written);
    if (found.has(name)) throw new RpcError('params.invalid', { detail: 'given twice', path: name });
    found.set(name, typed(decode(rest.join('=')), fieldOf(schema, name)));
  }
  // By Map and fromEntries: a name from outside becomes an own property, whatever it is.
  return Object.fromEntries(found);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new RpcError('params.invalid', { detail: 'not UTF-8 in percent-encoding' });
  }
}

function fieldOf({ properties = {} }: JsonSchema, name: string): JsonSchema | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function typed(text: string, schema: JsonSchema | undefined): unknown {
  const types = new Set((schema === undefined ? [] : alternativesOf(schema)).map(({ type }) => type));
  if ((types.has('integer') || types.has('number')) && NUMBER.test(text)) return numberOf(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (types.has('null') && text === 'null') return null;
  const isList = types.has('array') && text.startsWith('[');
  const isObject = types.has('object') && text.startsWith('{');
  return isList || isObject ? jsonOf(text) : text;
}

/** Exactly, or not a number: none is rounded on its way in. */
function numberOf(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(Buffer.from(text)).value;
  } catch {
    return text;
  }
}
