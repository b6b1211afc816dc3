import { decodeMessage } from '../../consensus/wire.ts';
import { type ConsensusVote, type VoteSubject, voteDigest, writeVote } from '../../protocol/certificate.ts';
import { readStoredSegment } from '../../protocol/chain/segment.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import { chainId, type Genesis } from '../../protocol/genesis.ts';
import { toHex } from '../../protocol/hex.ts';
import { checkpointDigest, type SignedCheckpoint, writeSignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import type { Validator } from '../../protocol/roster.ts';
import { readTaps } from './read-tap.ts';

/** Two things one key signed of which an honest one signs one. */
export interface Conflict {
  /** Name of the validator. */
  readonly signer: string;
  /** What it may say once, as `notarize of view 7`. */
  readonly what: string;
  /** Both as they were signed, hex, and the taps they stand in. */
  readonly first: string;
  readonly second: string;
  readonly files: readonly [string, string];
}

interface Statement {
  readonly epoch: number;
  readonly signer: number;
  /** What it may say once. */
  readonly slot: string;
  /** What it says of it. */
  readonly value: string;
  readonly digest: () => Uint8Array;
  readonly signature: Uint8Array;
  /** For people: all of it with the signature. */
  readonly encode: () => Uint8Array;
}

interface Kept {
  readonly value: string;
  readonly bytes: Uint8Array;
  readonly file: string;
}

const SEGMENT_FRAME = 11;

/**
 * S4 and S8 over all lives of all nodes: what a key ever signed, taken where it arrived. Knows nothing of what the nodes
 * think of a message: it counts what has a valid signature and nothing else, and shares no predicate with `consensus/`.
 */
export class TapJudge {
  readonly conflicts: Conflict[] = [];
  /** Different things that were signed. */
  statements = 0;
  frames = 0;
  /** Everybody who may have had a seat, by epoch and index: whose key it is, a signature says. */
  readonly #seats = new Map<string, Validator[]>();
  readonly #chain: Uint8Array;
  readonly #kept = new Map<string, Kept>();
  readonly #told = new Set<string>();

  constructor(genesis: Genesis) {
    this.#chain = chainId(genesis);
    this.#seat(0, genesis.validators);
  }

  #seat(epoch: number, validators: readonly Validator[]): void {
    for (const [index, validator] of validators.entries()) {
      const seats = this.#seats.get(`${epoch}/${index}`) ?? [];
      this.#seats.set(`${epoch}/${index}`, seats);
      if (!seats.some(({ key }) => toHex(key) === toHex(validator.key))) seats.push(validator);
    }
  }

  /** Rosters of later epochs, from the blocks that name them. */
  #learn(bytes: Uint8Array): void {
    if (bytes[0] === SEGMENT_FRAME) return;
    const message = decodeMessage(bytes);
    const blocks = message.kind === 'propose' || message.kind === 'block' ? [message.block] : [];
    for (const { block } of message.kind === 'final' ? message.blocks : blocks) {
      const next = block.reconfig?.epoch;
      if (next !== undefined) this.#seat(next.epoch, next.validators);
    }
  }

  /** One frame of a tap. */
  take(bytes: Uint8Array, file: string): void {
    this.frames += 1;
    this.#learn(bytes);
    for (const statement of this.#statementsOf(bytes)) this.#judge(statement, file);
  }

  /** Every tap in a folder, or those of one node. @returns this */
  async readFolder(directory: string, node?: string): Promise<this> {
    for await (const { bytes } of readTaps(directory)) this.#learn(bytes);
    for await (const { bytes, file } of readTaps(directory)) {
      if (node === undefined || file.startsWith(`${node}-`)) this.take(bytes, file);
    }
    return this;
  }

  #judge(statement: Statement, file: string): void {
    const { epoch, signer, slot, value, signature, digest } = statement;
    const key = `${signer} ${slot}`;
    const kept = this.#kept.get(key);
    if (kept?.value === value || this.#told.has(`${key} ${value}`)) return;
    const seats = this.#seats.get(`${epoch}/${signer}`) ?? [];
    // Anybody may write anything about anybody: only what the key signed is its word.
    const validator = seats.find((one) => verify(one.key, digest(), signature));
    if (validator === undefined) return;
    const bytes = statement.encode();
    this.statements += 1;
    if (kept === undefined) {
      this.#kept.set(key, { value, bytes, file });
      return;
    }
    this.#told.add(`${key} ${value}`);
    this.conflicts.push({
      signer: validator.name,
      what: slot,
      first: toHex(kept.bytes),
      second: toHex(bytes),
      files: [kept.file, file],
    });
  }

  #statementsOf(bytes: Uint8Array): Statement[] {
    if (bytes[0] === SEGMENT_FRAME) return this.#segment(bytes.subarray(1));
    const message = decodeMessage(bytes);
    switch (message.kind) {
      case 'propose': {
        const { epoch, view, proposer } = message.block.block;
        const { signature } = message;
        const blockHash = message.block.hash;
        return [this.#vote({ kind: 'notarize', epoch, view, blockHash, signer: proposer, signature })];
      }
      case 'vote':
        return [this.#vote(message.vote)];
      case 'certificate':
      case 'final': {
        const { signers, signatures, ...subject } = message.certificate;
        return signers.map((signer, at) => this.#vote({ ...subject, signer, signature: signatures[at] ?? bytes }));
      }
      case 'checkpoint':
        return this.#checkpoint(message.checkpoint);
      case 'status':
        return message.checkpoint === undefined ? [] : this.#checkpoint(message.checkpoint);
      default:
        return [];
    }
  }

  /** One notarize a view; and of nullify and all finalizes of a view, one. */
  #vote(vote: ConsensusVote): Statement {
    const { kind, epoch, view, blockHash, signer, signature } = vote;
    const subject: VoteSubject = { kind, epoch, view, blockHash };
    return {
      epoch,
      signer,
      slot: `${kind === 'notarize' ? 'notarize' : 'nullify or finalize'} of view ${view}, epoch ${epoch}`,
      value: `${kind === 'nullify' ? 'nullify' : ''}${blockHash === undefined ? '' : toHex(blockHash)}`,
      digest: () => voteDigest(this.#chain, subject),
      signature,
      encode: () => writeVote(new Writer(160), vote).finish(),
    };
  }

  /** One segment at each height of a chain, for ever. */
  #segment(head: Uint8Array): Statement[] {
    const { header, id, signature } = readStoredSegment(head);
    const { chain, epoch, shard, author, incarnation, height } = header;
    if (toHex(chain) !== toHex(this.#chain)) return [];
    const slot = `segment ${height} of shard ${shard}, incarnation ${incarnation}, epoch ${epoch}`;
    const encode = (): Uint8Array => head.slice();
    return [{ epoch, signer: author, slot, value: toHex(id), digest: () => id, signature, encode }];
  }

  /** One outcome of each height. */
  #checkpoint(signed: SignedCheckpoint): Statement[] {
    const { checkpoint, signer, signature } = signed;
    if (toHex(checkpoint.chain) !== toHex(this.#chain)) return [];
    const digest = checkpointDigest(checkpoint);
    const slot = `checkpoint of height ${checkpoint.height}, epoch ${checkpoint.epoch}`;
    const encode = (): Uint8Array => writeSignedCheckpoint(new Writer(256), signed).finish();
    return [{ epoch: checkpoint.epoch, signer, slot, value: toHex(digest), digest: () => digest, signature, encode }];
  }
}
