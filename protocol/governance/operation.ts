import { type CborValue, decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { WaggleError } from '../errors.ts';
import { type Hash, tagged } from '../hash.ts';
import { LIMITS } from '../limits.ts';
import { TAGS } from '../tags.ts';

export const OPERATION_KINDS = [
  'space.create',
  'model.register',
  'model.update',
  'roster.propose',
  'params.propose',
  'session.open',
  'proposal.add',
  'session.activate',
  'session.close',
  'session.cancel',
  'session.extend',
  'session.due',
  'chain.restart',
  'observer.admit',
  'observer.remove',
  'roster.ready',
  'change.withdraw',
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/**
 * A governance operation on the control shard. `actor` is the public key that answers for it and must be among the
 * signers; `seq` counts that key's applied operations. `session.due`, `chain.restart` and `roster.ready` are idempotent by state:
 * they carry seq 0 and consume none, so that a race between validators never blocks an operator's next operation.
 */
export interface Operation {
  readonly chain: Hash;
  readonly actor: Uint8Array;
  readonly seq: number;
  readonly notAfterMs: number;
  readonly timeMs: number;
  readonly kind: OperationKind;
  /** Shape by kind: governance/operations/*. Unknown kinds decode and are `malformed` at execution. */
  readonly body: CborValue;
}

export interface OperationSignature {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedOperation {
  readonly operation: Operation;
  readonly id: Hash;
  /** Sorted by key, unique, 1…16. */
  readonly signatures: readonly OperationSignature[];
  readonly bodyBytes: Uint8Array;
}

const VERSION = 1;
const CBOR_LIMITS = { bytesMax: LIMITS.operationBytesMax, depthMax: 8, itemsMax: 200_000 };

/** The canonical unsigned bytes (dag-cbor). */
export function encodeOperation(operation: Operation): Uint8Array {
  const { chain, actor, seq, notAfterMs, timeMs, kind, body } = operation;
  return encodeCanonical({ v: VERSION, chain, actor, seq, notAfter: notAfterMs, time: timeMs, kind, body });
}

/** Sign with every given key; the first need not be the actor's but the actor's must be there. */
export function signOperation(
  operation: Operation,
  signers: readonly { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array }[],
): SignedOperation {
  const bodyBytes = encodeOperation(operation);
  const id = tagged(TAGS.operation.tag, bodyBytes);
  const signatures = signers.map((signer) => ({ key: signer.publicKey, signature: signer.sign(id) }));
  signatures.sort((a, b) => compareBytes(a.key, b.key));
  return { operation, id, signatures, bodyBytes };
}

export function encodeSignedOperation(signed: SignedOperation): Uint8Array {
  const writer = new Writer(signed.bodyBytes.length + 128).bytes32(signed.bodyBytes).u8(signed.signatures.length);
  for (const { key, signature } of signed.signatures) writer.bytes(key).bytes(signature);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_OPERATION_*, WAGGLE_CODEC_* when not canonical */
export function decodeSignedOperation(bytes: Uint8Array): SignedOperation {
  const reader = new Reader(bytes);
  const bodyBytes = reader.bytes32(LIMITS.operationBytesMax);
  const count = reader.u8();
  if (count === 0 || count > LIMITS.operationSignaturesMax) {
    throw new WaggleError('WAGGLE_OPERATION_SIGNATURES', { count });
  }
  const signatures: OperationSignature[] = [];
  for (let at = 0; at < count; at++) {
    const key = reader.bytes(32);
    const before = signatures[at - 1];
    if (before !== undefined && compareBytes(before.key, key) >= 0) {
      throw new WaggleError('WAGGLE_OPERATION_SIGNATURES', { at, reason: 'unsorted' });
    }
    signatures.push({ key, signature: reader.bytes(64) });
  }
  reader.end();
  return { operation: readOperation(bodyBytes), id: tagged(TAGS.operation.tag, bodyBytes), signatures, bodyBytes };
}

const FIELDS = ['actor', 'body', 'chain', 'kind', 'notAfter', 'seq', 'time', 'v'];

function readOperation(bodyBytes: Uint8Array): Operation {
  const value = decodeCanonical(bodyBytes, CBOR_LIMITS);
  if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) {
    throw new WaggleError('WAGGLE_OPERATION_FORM', { reason: 'not a map' });
  }
  const fields = value as { readonly [key: string]: CborValue };
  if (Object.keys(fields).sort().join() !== FIELDS.join()) throw new WaggleError('WAGGLE_OPERATION_FORM', {});
  if (fields.v !== VERSION) throw new WaggleError('WAGGLE_OPERATION_VERSION', {});
  return {
    chain: bytes32(fields.chain, 'chain'),
    actor: bytes32(fields.actor, 'actor'),
    seq: natural(fields.seq, 'seq'),
    notAfterMs: natural(fields.notAfter, 'notAfter'),
    timeMs: natural(fields.time, 'time'),
    kind: operationKind(fields.kind),
    body: fields.body ?? null,
  };
}

function bytes32(value: CborValue | undefined, field: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === 32) return value;
  throw new WaggleError('WAGGLE_OPERATION_FORM', { field });
}

function natural(value: CborValue | undefined, field: string): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new WaggleError('WAGGLE_OPERATION_FORM', { field });
}

function operationKind(value: CborValue | undefined): OperationKind {
  const kind = OPERATION_KINDS.find((known) => known === value);
  if (kind === undefined) throw new WaggleError('WAGGLE_OPERATION_KIND', {});
  return kind;
}

/** Bytewise order, shorter first on a common prefix. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
