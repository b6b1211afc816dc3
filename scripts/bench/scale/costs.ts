/** What one operation costs a validator. Microseconds are of its core. */
export interface Costs {
  readonly signUs: number;
  readonly verifyUs: number;
  /** A frame to one peer, beyond encoding it; and from one, beyond decoding and judging it. */
  readonly sendUs: number;
  readonly receiveUs: number;
  /** The call that brings a ballot. */
  readonly callUs: number;
  /** A ballot on its way into the ledger. */
  readonly storeUs: number;
  /** An append to the journal with its sync: the core is free meanwhile, the steps wait. */
  readonly syncMs: number;
  /** To decode and judge a frame, to step an input or execute an item, to encode a message; undefined: timed as it runs. */
  readonly decodeUs: number | undefined;
  readonly stepUs: number | undefined;
  readonly encodeUs: number | undefined;
}

/** Nothing but the network takes time. */
export const FREE: Costs = {
  ...{ signUs: 0, verifyUs: 0, sendUs: 0, receiveUs: 0, callUs: 0, storeUs: 0 },
  ...{ syncMs: 0, decodeUs: 0, stepUs: 0, encodeUs: 0 },
};
