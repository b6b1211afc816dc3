/*
 * The little of etcd's API (etcdserverpb.KV, protocol buffers in gRPC frames) that storing entries needs. Over gRPC, as its
 * clients speak: the JSON gateway of the same daemon would cost etcd a translation that nobody pays who chose it.
 */

export const PUT_PATH = '/etcdserverpb.KV/Put';
export const TXN_PATH = '/etcdserverpb.KV/Txn';
/** etcd refuses more operations in a transaction (--max-txn-ops). */
export const TXN_OPS_MAX = 128;

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
}

/** A field of the wire type with a length. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** PutRequest: key 1, value 2. */
export function encodePut({ key, value }: KeyValue): Uint8Array {
  return Buffer.concat([field(1, Buffer.from(key)), field(2, value)]);
}

/**
 * TxnRequest without a condition: every put is a RequestOp (request_put 2) in `success` 2.
 * @throws RangeError more operations than etcd takes
 */
export function encodeTxn(puts: readonly KeyValue[]): Uint8Array {
  if (puts.length > TXN_OPS_MAX) throw new RangeError(`${puts.length} operations, at most ${TXN_OPS_MAX}`);
  return Buffer.concat(puts.map((put) => field(2, field(2, encodePut(put)))));
}

/** A gRPC message: not compressed, length, bytes. */
export function grpcFrame(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
