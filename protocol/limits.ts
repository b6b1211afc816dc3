import { assert } from './assert.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Every cap that nodes must agree on (protocol.md). Process-local caps live beside the code they bound.
 * Counts end in `Max`, sizes in `BytesMax`, durations in `Ms`.
 */
export const LIMITS = {
  validatorsMax: 128,
  shardsMax: 64,
  slots: 1024,

  ballotEntriesMax: 256,
  ballotBytesMax: 64 * KIB,
  commentBytesMax: 2_000,
  ballotLifetimeMs: 60_000,
  ballotLifetimeMsMax: 600_000,

  operationBytesMax: 512 * KIB,
  operationSignaturesMax: 16,
  modelsPerOperationMax: 512,
  electorsMax: 10_000,
  electorWeightMax: 1_000_000,
  proposalsMax: 256,
  titleBytesMax: 256,
  bodyTextBytesMax: 8 * KIB,
  reasonBytesMax: 1_000,
  aliasesMax: 16,
  roleBytesMax: 64,
  openersMax: 64,
  /** Observers admitted at a time, by all and by one validator; rows of removed ones included in the last. */
  observersMax: 64,
  observersPerSponsorMax: 16,
  observerRowsMax: 1_024,
  /** Keys a model gave up; one more rotation is refused. */
  pastKeysMax: 64,
  /** Numerator and denominator of a fraction in a rule. */
  fractionPartMax: 1_000_000_000,

  segmentBytesMax: MIB,
  segmentItemsMax: 4_096,
  chainWindowSegments: 64,
  chainWindowBytes: 8 * MIB,

  blockAddBytesMax: 4 * MIB,
  blockAddItemsMax: 8_192,
  blockAddControlItemsMax: 256,
  blockCutEntriesMax: 2_048,
  blockEvidenceMax: 16,
  /** Times an author may start its chains anew in an epoch. */
  restartsMax: 16,
  blockBytesMax: MIB,
  /** The roster, admins and parameters of one epoch, as a block carries them. */
  epochBytesMax: 128 * KIB,
  addressesMax: 8,
  addressCharsMax: 256,

  /** Every so many blocks the executed state is signed and served whole, unless genesis says otherwise. */
  snapshotIntervalBlocks: 10_000,
  snapshotChunkBytes: 256 * KIB,
  snapshotChunksMax: 32_768,

  /** A leader adds nothing while its executed height lags its finalized one by more than this. */
  executionLagLeader: 8,
  /** A validator withholds Notarize beyond this. */
  executionLagVoter: 32,
  /** Views below the final one whose votes and certificates are kept (consensus.md 2.3, R). */
  viewsRetained: 64,
  /** Vote-time check of block.time: how far ahead of the voter's clock it may be. */
  blockTimeAheadMs: 500,
  /** …and how far behind, at least. */
  blockTimeBehindMs: 2_000,
} as const;

assert(LIMITS.blockAddBytesMax >= 2 * LIMITS.segmentBytesMax, 'a block takes at least two full segments');
assert(LIMITS.blockAddItemsMax >= LIMITS.segmentItemsMax, 'a block takes at least one full segment');
assert(LIMITS.chainWindowBytes >= 4 * LIMITS.segmentBytesMax, 'half a window holds two full segments');
assert(LIMITS.segmentBytesMax >= LIMITS.operationBytesMax + KIB, 'an operation fits a segment');
assert(LIMITS.segmentBytesMax >= LIMITS.ballotBytesMax + KIB, 'a ballot fits a segment');
assert(LIMITS.executionLagLeader < LIMITS.executionLagVoter, 'the leader holds back before voters do');
assert(LIMITS.blockAddControlItemsMax <= LIMITS.blockAddItemsMax, 'control items are part of the items');
assert(LIMITS.ballotLifetimeMs <= LIMITS.ballotLifetimeMsMax, 'the default lifetime is allowed');
assert(LIMITS.electorsMax * LIMITS.electorWeightMax * 1_000 <= Number.MAX_SAFE_INTEGER, 'sums stay safe integers');
