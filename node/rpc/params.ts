import { type Fault, faultOf, unknownName } from './fault-text.ts';
import type { Method } from './method.ts';
import { RpcError } from './rpc-error.ts';

/**
 * Params by name, whichever way they were given; by position null stands for a param that is left out.
 * @throws RpcError params.invalid for more than the method has
 */
export function nameParams(method: Method, params: object | undefined): object {
  if (!Array.isArray(params)) return params ?? {};
  const names = Object.keys(method.params.shape);
  if (params.length > names.length) {
    throw new RpcError('params.invalid', { detail: 'too many', path: `[${names.length}]` });
  }
  const entries = params.map((value: unknown, at) => [names[at] ?? '', value] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** By the schema of the method. @throws RpcError params.invalid, or the method's own type for a fault at that place */
export function parseParams(method: Method, named: object): unknown {
  const usual = method.readUsual?.(named);
  if (usual !== undefined) return usual;
  const unknown = Object.keys(named).find((key) => !Object.hasOwn(method.params.shape, key));
  if (unknown !== undefined) {
    const detail = unknownName('param', unknown, Object.keys(method.params.shape));
    throw new RpcError('params.invalid', { detail, path: unknown });
  }
  const parsed = method.params.safeParse(named);
  if (parsed.success) return parsed.data;
  throw refusalOf(method, faultOf(method.params, parsed.error.issues, named));
}

function refusalOf(method: Method, fault: Fault | undefined): RpcError {
  if (fault === undefined) return new RpcError('params.invalid');
  const { path, detail } = fault;
  return new RpcError(method.faultType?.(path) ?? 'params.invalid', { detail, path: pathText(path) });
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}
