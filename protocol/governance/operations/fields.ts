import type { CborValue } from '../../codec/cbor.ts';
import { WaggleError } from '../../errors.ts';
import { type Id, isId } from '../../ids.ts';
import type { Fraction } from '../types.ts';

/** Reads one value of a body. @throws WaggleError WAGGLE_OPERATION_BODY {field} */
export type Read<Value> = (value: CborValue, field: string) => Value;

export function bodyFault(field: string): WaggleError {
  return new WaggleError('WAGGLE_OPERATION_BODY', { field });
}

/**
 * The fields of a canonical map, each asked for by name; `end` refuses what nobody asked for, so that a body has one
 * meaning for every version of the code that takes it.
 */
export class Fields {
  readonly #values: Map<string, CborValue>;
  readonly #path: string;

  /** @throws WaggleError WAGGLE_OPERATION_BODY when it is no map */
  constructor(value: CborValue, path = '') {
    this.#values = new Map(mapEntries(value, path));
    this.#path = path;
  }

  required<Value>(name: string, read: Read<Value>): Value {
    const value = this.optional(name, read);
    if (value === undefined) throw bodyFault(this.#path + name);
    return value;
  }

  optional<Value>(name: string, read: Read<Value>): Value | undefined {
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value === undefined ? undefined : read(value, this.#path + name);
  }

  end(): void {
    for (const name of this.#values.keys()) throw bodyFault(this.#path + name);
  }
}

/** The entries of a map, to be kept as a Map: names that a peer chose are never looked up in an object. */
export function mapEntries(value: CborValue, field: string): [string, CborValue][] {
  const isMap = value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
  if (!isMap) throw bodyFault(field);
  return Object.entries(value as { readonly [key: string]: CborValue });
}

const ENCODER = new TextEncoder();

/** Text of 1…`maxBytes` bytes that is not blank. */
export function readText(maxBytes: number): Read<string> {
  return (value, field) => {
    if (typeof value !== 'string' || /^[\t\n ]*$/.test(value)) throw bodyFault(field);
    if (value.length > maxBytes || ENCODER.encode(value).length > maxBytes) throw bodyFault(field);
    return value;
  };
}

export const readId: Read<Id> = (value, field) => {
  if (typeof value !== 'string' || !isId(value)) throw bodyFault(field);
  return value;
};

/**
 * 32 bytes; copied, so that no row keeps its whole segment in memory. Whether they are a usable point takes a
 * millisecond or more a key and is asked only of operations whose signers have the right to register one.
 */
export const readKey: Read<Uint8Array> = (value, field) => {
  if (!(value instanceof Uint8Array) || value.length !== 32) throw bodyFault(field);
  return new Uint8Array(value);
};

export const readBoolean: Read<boolean> = (value, field) => {
  if (typeof value !== 'boolean') throw bodyFault(field);
  return value;
};

export function readWhole(min: number, max: number = Number.MAX_SAFE_INTEGER): Read<number> {
  return (value, field) => {
    if (typeof value !== 'number' || value < min || value > max) throw bodyFault(field);
    return value;
  };
}

export function readWord<const Word extends string>(...words: readonly Word[]): Read<Word> {
  return (value, field) => {
    const word = words.find((known) => known === value);
    if (word === undefined) throw bodyFault(field);
    return word;
  };
}

export function readList<Item>(min: number, max: number, read: Read<Item>): Read<Item[]> {
  return (value, field) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) throw bodyFault(field);
    return value.map((item: CborValue, at) => read(item, `${field}[${at}]`));
  };
}

/** {num, den} with 0 ≤ num/den ≤ `max` and parts up to `partMax`. */
export function readFraction(max: number, partMax: number): Read<Fraction> {
  return (value, field) => {
    const fields = new Fields(value, `${field}.`);
    const den = fields.required('den', readWhole(1, partMax));
    const num = fields.required('num', readWhole(0, Math.min(partMax, max * den)));
    fields.end();
    return { num, den };
  };
}

/** The record without its undefined fields: in rows and bodies what is not there is absent, never empty. */
export function compact<Row extends object>(record: { readonly [Key in keyof Row]: Row[Key] | undefined }): Row {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Row;
}

/** A body of plain values for signing: undefined fields are left out, at any depth. */
export function toBody(value: unknown): CborValue {
  if (Array.isArray(value)) return value.map(toBody);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value as CborValue;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.map(([name, field]) => [name, toBody(field)]));
}
