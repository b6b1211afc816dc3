import type { Reader } from '../codec/reader.ts';
import type { Writer } from '../codec/writer.ts';
import { WaggleError } from '../errors.ts';
import type { Hash } from '../hash.ts';

/**
 * What blocks settled about an author: under which incarnation its chains go on, and whether they go on at all. Follows
 * from the evidence in the ancestors of a block alone, never from execution (consensus/README.md, E-01).
 */
export interface Standing {
  readonly author: number;
  readonly incarnation: number;
  /** No block adds anything of its chains. */
  readonly muted: boolean;
  /** It restarted out of a mute once; there is no second time in an epoch. */
  readonly pardoned: boolean;
  /** View of the block with its last restart, -1 without one: votes of views up to it are no evidence any more. */
  readonly sinceView: number;
  /** Id of the operation that restarted it. */
  readonly restart: Hash | undefined;
}

const FLAGS = { muted: 1, pardoned: 2, restarted: 4 } as const;

export function writeStanding(writer: Writer, standing: Standing): void {
  const { author, incarnation, muted, pardoned, sinceView, restart } = standing;
  const marks = (muted ? FLAGS.muted : 0) | (pardoned ? FLAGS.pardoned : 0);
  writer
    .u16(author)
    .u32(incarnation)
    .u8(marks | (restart === undefined ? 0 : FLAGS.restarted));
  if (restart !== undefined) writer.u64(sinceView).bytes(restart);
}

/** @throws WaggleError WAGGLE_CODEC_* */
export function readStanding(reader: Reader): Standing {
  const [author, incarnation, flags] = [reader.u16(), reader.u32(), reader.u8()];
  if (flags > 7) throw new WaggleError('WAGGLE_CODEC_RANGE', { flags });
  const facts = { author, incarnation, muted: (flags & FLAGS.muted) !== 0, pardoned: (flags & FLAGS.pardoned) !== 0 };
  if ((flags & FLAGS.restarted) === 0) return { ...facts, sinceView: -1, restart: undefined };
  return { ...facts, sinceView: reader.u64(), restart: reader.bytes(32).slice() };
}
