import { decodeCanonical } from '../../../protocol/codec/cbor.ts';
import type { OperationKind, SignedOperation } from '../../../protocol/governance/operation.ts';
import { toHex } from '../../../protocol/hex.ts';
import { LIMITS } from '../../../protocol/limits.ts';

type Facts = Readonly<Record<string, unknown>>;

/**
 * What a change does, in words, made from the very bytes that are signed: who is asked to sign must not have to trust the
 * words of who asks. A field that is not known here is shown as it is.
 */
export function wordsOf({ operation, bodyBytes }: Pick<SignedOperation, 'operation' | 'bodyBytes'>): string[] {
  const limits = { bytesMax: LIMITS.operationBytesMax, depthMax: 8, itemsMax: 200_000 };
  const { body } = decodeCanonical(bodyBytes, limits) as { readonly body: Facts };
  const { epoch, decidedBy, ...all } = body;
  const [first] = listOf([decidedBy]);
  const when = first && `once the vote approves ${text(first.proposal)} in ${text(first.space)}/${text(first.session)}`;
  return [...changesOf(operation.kind, epoch, all), ...(when === undefined ? [] : [when])];
}

function changesOf(kind: OperationKind, epoch: unknown, changed: Facts): string[] {
  if (kind === 'change.withdraw') return [`change ${text(changed.change)} of epoch ${text(epoch)} is withdrawn`];
  if (kind === 'params.propose') return Object.entries(changed).map(([name, to]) => `${name} becomes ${text(to)}`);
  if (kind !== 'roster.propose') return [`${kind} ${text(changed)}: no change of the network`];
  const { add, remove, rotate, admins, ...others } = changed;
  return [
    ...listOf(add).map((one) => `${text(one.name)} gets a seat, with key ${text(one.key)} and peer ${text(one.peer)}`),
    ...(Array.isArray(remove) ? remove : []).map((name) => `${text(name)} loses its seat and goes on as an observer`),
    ...listOf(rotate).map(({ name, key }) => `${text(name)} signs with key ${text(key)}`),
    ...listOf(admins === undefined ? [] : [admins]).map(adminsWords),
    ...Object.entries(others).map(([name, value]) => `${name}: ${text(value)}`),
  ];
}

function adminsWords({ keys, threshold }: Facts): string {
  const listed = Array.isArray(keys) ? keys.map(text) : [];
  return `${text(threshold)} of ${listed.length} admins decide from then on: ${listed.join(', ')}`;
}

function listOf(value: unknown): Facts[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

function text(value: unknown): string {
  if (typeof value === 'string') return value.replace(/[^\x20-\x7e]/g, '?');
  if (value instanceof Uint8Array) return value.length === 32 ? toHex(value) : `${value.length} bytes`;
  return JSON.stringify(value, (_name, one) => (one instanceof Uint8Array ? text(one) : one)) ?? 'nothing';
}
