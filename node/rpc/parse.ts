import { scanJson } from './json-scan.ts';
import { RpcError } from './rpc-error.ts';

/** A parsed body, and how the number under a key `id` was written where that matters. */
export interface Parsed {
  readonly value: unknown;
  /** The source text of a numeric `id` by the object that holds it; absent for plain whole numbers. */
  readonly idSources: ReadonlyWeakMap;
}

type ReadonlyWeakMap = Pick<WeakMap<object, string>, 'get'>;

/** Of texts whose numbers are all plain. */
const NO_SOURCES: ReadonlyWeakMap = new WeakMap();
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const PROTOTYPE = '__proto__';
const WHOLE = /^-?(?:0|[1-9]\d*)(?:\.0+)?$/;

/**
 * Bytes to JSON, exactly or not at all: a number that cannot be held exactly becomes NaN, which every schema refuses
 * by its path; ids are judged by their source text.
 * @throws RpcError request.parse, request.invalid
 */
export function parseJson(bytes: Uint8Array): Parsed {
  const shape = scanJson(bytes);
  if (shape.refused === 'depth') throw new RpcError('request.invalid', { detail: 'nested too deep' });
  if (shape.refused === 'elements') throw new RpcError('request.invalid', { detail: 'too many elements' });
  let idSources = NO_SOURCES;
  let value: unknown;
  try {
    const text = DECODER.decode(bytes);
    if (shape.isPlain) value = JSON.parse(text);
    else {
      const sources = new WeakMap<object, string>();
      value = JSON.parse(text, exactly(sources));
      idSources = sources;
    }
  } catch {
    throw new RpcError('request.parse');
  }
  if (namesOf(value) !== shape.names) throw new RpcError('request.invalid', { detail: 'a key twice in one object' });
  return { value, idSources };
}

/**
 * Names in the parsed value. Fewer than were written means that one stood twice, and readers differ on which counts: what
 * was signed or meant cannot be told. A key `__proto__` would be lost on the way through a copy: refused, never dropped.
 * The depth is bounded by then.
 */
function namesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const inner of value) if (typeof inner === 'object') count += namesOf(inner);
    return count;
  }
  if (Object.hasOwn(value, PROTOTYPE)) throw new RpcError('request.invalid', { detail: `a key ${PROTOTYPE}` });
  for (const inner of Object.values(value)) {
    count += 1;
    if (typeof inner === 'object') count += namesOf(inner);
  }
  return count;
}

function exactly(idSources: WeakMap<object, string>) {
  return function revive(this: object, key: string, value: unknown, context?: { source?: string }): unknown {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined) return value;
    if (key === 'id') idSources.set(this, source);
    return exactOrNaN(value, source);
  };
}

/** The number when the text says exactly that; a fraction stays one, to be refused as a fraction. */
function exactOrNaN(value: number, source: string): number {
  if (WHOLE.test(source)) return Number.isSafeInteger(value) && !source.startsWith('-0') ? value : Number.NaN;
  return Number.isInteger(value) ? Number.NaN : value;
}
