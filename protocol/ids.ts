import { sha256 } from '#sha256';
import { WaggleError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Name of a network, space, session, proposal, model or validator. */
export type Id = string & { readonly __id: true };

const FORM = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function isId(text: string): text is Id {
  return FORM.test(text);
}

/** @throws WaggleError WAGGLE_ID_FORM */
export function parseId(text: string): Id {
  if (!isId(text)) throw new WaggleError('WAGGLE_ID_FORM', { length: text.length });
  return text;
}

/** The id of another spelling: lower-cased, spaces to hyphens; undefined when that is none. The spelling is kept as label. */
export function toId(label: string): Id | undefined {
  const text = label.trim().toLowerCase().replace(/\s+/g, '-');
  return isId(text) ? text : undefined;
}

const ENCODER = new TextEncoder();
const SEPARATOR = Uint8Array.of(0);
/** Slots last asked for, by what is hashed: the same few thousand voters come again with every ballot. */
const SLOTS = new Map<string, number>();
const SLOTS_KEPT_MAX = 16_384;

/** First two bytes of sha256(space ‖ 0x00 ‖ voter) mod 1024: a ballot's slot follows its voter (architecture.md, Sharding). */
export function slotOf(space: string, voter: string): number {
  const name = `${space}\0${voter}`;
  let slot = SLOTS.get(name);
  if (slot === undefined) {
    const digest = sha256(ENCODER.encode(space), SEPARATOR, ENCODER.encode(voter));
    slot = (((digest[0] ?? 0) << 8) | (digest[1] ?? 0)) % LIMITS.slots;
    if (SLOTS.size >= SLOTS_KEPT_MAX) SLOTS.clear();
    SLOTS.set(name, slot);
  }
  return slot;
}

/** The ballot shard 1…S of a voter by the epoch's slot table; without one, slots are dealt to the shards in turn. */
export function shardOf(space: string, voter: string, shards: number, slots?: Uint8Array): number {
  const slot = slotOf(space, voter);
  return slots?.[slot] ?? 1 + (slot % shards);
}
