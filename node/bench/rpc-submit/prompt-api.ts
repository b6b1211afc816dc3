import { encodeSignedBallot, type SignedBallot } from '../../../protocol/governance/ballot.ts';
import { placeOf } from '../../../protocol/governance/epochs.ts';
import type { FinalFacts, Submission } from '../../rpc/node-api.ts';
import { FakeNodeApi } from '../../test/harness/fake-node-api.ts';

/**
 * A node whose ballots are all final in the next turn of the event loop, those of one turn together as a block would
 * have them. Nothing is kept of them: the cost of the door alone remains, and every voter may vote for ever.
 */
export class PromptNodeApi extends FakeNodeApi {
  readonly #facts: FinalFacts = { outcome: 'counted', height: 1 };
  #waiting: ((facts: FinalFacts) => void)[] = [];

  override submitBallot(
    signed: SignedBallot,
    shard = placeOf(this.state(), signed.ballot.space, signed.ballot.voter),
  ): Submission {
    encodeSignedBallot(signed);
    const { promise, resolve } = Promise.withResolvers<FinalFacts>();
    if (this.#waiting.length === 0) setImmediate(() => this.#finish());
    this.#waiting.push(resolve);
    return { id: signed.id, shard, accepted: Promise.resolve(), final: promise };
  }

  #finish(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (const resolve of all) resolve(this.#facts);
  }
}
