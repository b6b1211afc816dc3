import assert from 'node:assert/strict';
import { answer } from '../../consensus/answer.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { SimNode } from '../../consensus/sim/node.ts';
import type { Plant } from '../../consensus/sim/plants.ts';
import { Random } from '../../consensus/sim/random.ts';
import { runWorld } from '../../consensus/sim/run.ts';
import type { World } from '../../consensus/sim/world.ts';
import type { Effects, Message } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage, FRAME_BYTES_MAX, isFetchRequest } from '../../consensus/wire.ts';
import { type Certificate, voteDigest } from '../../protocol/certificate.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { takeLargest } from './allocation-watch.ts';
import { checkDecoded, refusalOf } from './check-decoded.ts';
import { mutate, noise } from './mutate.ts';
import { type Reshaper, reshape } from './reshape.ts';
import { FuzzFault, TAKEN, type Tally } from './tally.ts';

export const FRAMES = 'frames';

export interface WorldRun {
  readonly seed: number;
  /** No more than these; a world of its seed takes about 15,000. */
  readonly messagesMax: number;
  readonly tally: Tally;
  /** These and nothing else, to every node: messages that were faults once. */
  readonly only?: readonly Uint8Array[];
}

const RECORDED_MAX = 600;
const EVERY_MS = 4;
const PER_NODE = 2;
/** Longest answer to one request, as the asking side caps it. */
const ANSWERS_MAX = 4_096;

/**
 * A simulated network of which one validator is the fuzzer: it has a key, hears everything, and sends recorded messages
 * cut, spliced, flipped and reshaped. The world's own checkers judge safety, table sizes and that the others still
 * finalize everything after it (consensus/sim/run.ts); here every single message is judged besides.
 * @throws FuzzFault
 */
export function fuzzWorld({ seed, messagesMax, tally, only }: WorldRun): void {
  let guest: Guest | undefined;
  const plant: Plant = { shows: /^$/, afterStep: (replica, effects) => guest?.stepped(replica, effects) };
  const world = runWorld(seed, {
    n: 4,
    villains: ['silent'],
    plant,
    guest: (joined) => {
      guest = new Guest(joined, seed, messagesMax, tally, only);
    },
  });
  const [violation] = world.verdict.violations;
  if (violation === undefined) return;
  throw new FuzzFault(FRAMES, guest?.lastBytes ?? new Uint8Array(), new Error(`world ${seed}: ${violation}`));
}

class Guest {
  readonly #world: World;
  /** The world's witness of everything said: what the fuzzer says is evidence too. */
  readonly #witness: World['tap']['sent'];
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #self: number;
  readonly #recorded: Message[] = [];
  #seen = 0;
  #left: number;
  readonly #only: readonly Uint8Array[] | undefined;
  /** The replica a message is given to right now, and what its steps asked for. */
  #probed: { readonly replica: Replica; readonly effects: Effects[] } | undefined;
  lastBytes: Uint8Array | undefined;

  constructor(world: World, seed: number, messagesMax: number, tally: Tally, only: readonly Uint8Array[] | undefined) {
    this.#world = world;
    this.#random = new Random(seed ^ 0xf022);
    this.#tally = tally;
    this.#left = messagesMax;
    this.#only = only;
    const [self] = world.plan.villains.keys();
    assert.ok(self !== undefined);
    this.#self = self;
    this.#witness = world.tap.sent.bind(world.tap);
    world.tap.sent = (from, message) => {
      this.#record(message);
      this.#witness(from, message);
    };
    world.after(200, () => this.#round());
  }

  stepped(replica: Replica, effects: Effects): void {
    if (this.#probed?.replica === replica) this.#probed.effects.push(effects);
  }

  /** A sample of everything that was ever sent: of each message as likely as of another one. */
  #record(message: Message): void {
    this.#seen += 1;
    if (this.#recorded.length < RECORDED_MAX) this.#recorded.push(message);
    else {
      const at = this.#random.below(this.#seen);
      if (at < RECORDED_MAX || this.#random.chance(0.02)) this.#recorded[at % RECORDED_MAX] = message;
    }
  }

  #round(): void {
    const { honest, nodes, nowMs, plan } = this.#world;
    for (const index of honest) {
      const node = nodes[index];
      if (node?.isUp !== true || this.#recorded.length === 0) continue;
      if (this.#only !== undefined) for (const bytes of this.#only) this.#hand(node, bytes.slice());
      else for (let left = PER_NODE; left > 0 && this.#left > 0; left--) this.#hand(node, this.#make(node));
    }
    // While the network heals too, but not into the silence that it must keep by itself.
    if (this.#left > 0 && nowMs < plan.chaosMs + 1_500) this.#world.after(EVERY_MS, () => this.#round());
  }

  #make(node: SimNode): Uint8Array {
    const random = this.#random;
    const other = random.pick(this.#recorded);
    const one = this.#turned(random.pick(this.#recorded), other);
    const draw = random.below(20);
    if (draw === 0) return noise(random, 300);
    if (draw === 1) return encodeMessage(one);
    if (draw < 11) return encodeOr(() => reshape(this.#reshaper(node), one, other), one);
    return mutate(random, encodeMessage(one), encodeMessage(other));
  }

  /** Some as another kind: who needs nothing hears no blocks and ranges, so they would never be recorded. */
  #turned(one: Message, other: Message): Message {
    if (one.kind !== 'propose' || this.#random.chance(0.7)) return one;
    if (other.kind !== 'certificate' || this.#random.chance(0.5)) return { kind: 'block', block: one.block };
    return { kind: 'final', blocks: [one.block], certificate: other.certificate };
  }

  #reshaper(node: SimNode): Reshaper {
    const { people, plan } = this.#world;
    const signer = people.signers[this.#self];
    assert.ok(signer !== undefined);
    const { view = 1, finalHeight = 0 } = node.replica ?? {};
    return {
      random: this.#random,
      self: this.#self,
      n: plan.n,
      chain: people.chain,
      signer,
      view,
      height: finalHeight + 1,
    };
  }

  #hand(node: SimNode, bytes: Uint8Array): void {
    this.#left -= 1;
    this.lastBytes = bytes;
    // Answers to what it sends are no noise of the others (V4).
    this.#world.sentByVillains += 1;
    const startMs = performance.now();
    try {
      takeLargest();
      const outcome = this.#judge(node, bytes);
      const largest = takeLargest();
      assert.ok(largest <= FRAME_BYTES_MAX, `${largest} bytes or elements were made at once`);
      this.#tally.count(FRAMES, outcome, largest);
    } catch (error) {
      throw new FuzzFault(FRAMES, bytes, error);
    }
    this.#tally.of(FRAMES).tookMs += performance.now() - startMs;
  }

  #judge(node: SimNode, bytes: Uint8Array): string {
    const message = decodeOr(bytes);
    if (typeof message === 'string') return message;
    checkDecoded(message, bytes);
    assert.ok(hashesEqual(encodeMessage(message), bytes), 'what was decoded encodes to other bytes');
    const { replica } = node;
    if (replica === undefined) return TAKEN;
    if (isFetchRequest(message)) {
      const answers = answer(replica, message);
      assert.ok(answers.length <= ANSWERS_MAX, `${answers.length} messages answer one request`);
      for (const one of answers) assert.ok(encodeMessage(one).length <= FRAME_BYTES_MAX);
      return TAKEN;
    }
    return this.#step(node, replica, message);
  }

  /** A refused message asks for no record, no vote and no step of the view; time alone is given its due before. */
  #step(node: SimNode, replica: Replica, message: Message): string {
    const peer = replica.peers[this.#self];
    // In life it would not be heard for 30 s; here every message shall get as far as it can.
    if (peer !== undefined) peer.mutedUntilMs = 0;
    node.give({ kind: 'tick' });
    const isIdle = node.waiting === 0;
    const before = positionOf(replica);
    this.#probed = isIdle ? { replica, effects: [] } : undefined;
    if (isOwnWord(this.#self, message)) this.#witness(this.#self, message);
    node.receive(this.#self, message);
    const effects = this.#probed?.effects ?? [];
    this.#probed = undefined;
    const told = effects.flatMap(({ deliver }) => deliver);
    assert.ok(!told.some(({ kind }) => kind === 'violation'), 'a stranger’s message is called a violation');
    const refused = told.find((one) => one.kind === 'refused');
    if (refused === undefined) {
      const isMoved = positionOf(replica).some((position, at) => position !== before[at]);
      if (isMoved && isIdle && 'certificate' in message) this.#checkProof(message.certificate);
      return TAKEN;
    }
    assert.deepEqual(positionOf(replica), before, `refused (${refused.reason}), and it moved`);
    assert.ok(!effects.some(({ mustSync }) => mustSync), `refused (${refused.reason}), and something was promised`);
    return refused.reason;
  }

  /** Counted here by itself: what moves a node is signed by n - f of its peers. */
  #checkProof({ signers, signatures, ...subject }: Certificate): void {
    const { chain, roster } = this.#world.people;
    const { verify } = this.#world.nodes[0]?.setup.config ?? {};
    const valid = new Set<number>();
    for (const [at, signer] of signers.entries()) {
      const [key, signature] = [roster.validators[signer]?.key, signatures[at]];
      if (key !== undefined && signature !== undefined && verify?.(key, voteDigest(chain, subject), signature))
        valid.add(signer);
    }
    const faulty = Math.floor((roster.validators.length - 1) / 3);
    assert.ok(valid.size >= roster.validators.length - faulty, `a certificate of ${valid.size} moved a node`);
  }
}

/** What the fuzzer can truly say: its own votes and proposals, and certificates. All else it only makes up. */
function isOwnWord(self: number, message: Message): boolean {
  if (message.kind === 'vote') return message.vote.signer === self;
  if (message.kind === 'propose') return message.block.block.proposer === self;
  return message.kind === 'certificate' || message.kind === 'final';
}

function positionOf({ view, finalView, finalHeight, executed }: Replica): readonly number[] {
  return [view, finalView, finalHeight, executed.height];
}

function decodeOr(bytes: Uint8Array): Message | string {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    return refusalOf(error);
  }
}

/** What has no encoding is no message: the recorded one then. */
function encodeOr(make: () => Message, recorded: Message): Uint8Array {
  try {
    return encodeMessage(make());
  } catch (error) {
    refusalOf(error);
    return encodeMessage(recorded);
  }
}
