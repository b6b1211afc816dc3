import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import type { CborValue } from '../../protocol/codec/cbor.ts';
import { changeKey, openChange } from '../../protocol/governance/epochs.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../../protocol/governance/operation.ts';
import {
  changeNameBody,
  paramsProposeBody,
  rosterProposeBody,
} from '../../protocol/governance/operations/network-change.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Validator } from '../../protocol/roster.ts';
import type { People } from './electorate.ts';
import { type EpochBook, type EpochPage, nameOfNode } from './epoch-book.ts';
import type { SimSigner } from './keys.ts';
import { type SimNode, WORLD_STARTS_MS } from './node.ts';
import type { ChangeKind, Plan } from './plan.ts';
import type { Random } from './random.ts';

export interface ChangesHost {
  readonly nowMs: number;
  readonly nodes: readonly SimNode[];
  after(delayMs: number, run: () => void): void;
  submit(node: SimNode, shard: number, kind: number, bytes: Uint8Array, id: Uint8Array): void;
}

const AGAIN_MS = 700;
/** Who was to join is not coming: the change is withdrawn. */
const GIVE_UP_MS = 10_000;
/** A key is new once and never comes back. */
const ROTATIONS_MAX = 64;

interface Ask {
  readonly kind: OperationKind;
  readonly body: CborValue;
}

/** The admins of a world: they ask for one change after the other until the ledger has it. */
export class Changes {
  readonly #host: ChangesHost;
  readonly #plan: Plan;
  readonly #people: People;
  readonly #book: EpochBook;
  readonly #random: Random;
  readonly #todo: ChangeKind[] = [];
  #left = 0;
  /** Keys of a node, the newest last; the first is that of genesis. */
  readonly #generation = new Map<number, number>();
  /** What is asked for at the moment, and since when. */
  #current: (Ask & { readonly sinceMs: number }) | undefined;

  constructor(host: ChangesHost, plan: Plan, people: People, book: EpochBook, random: Random) {
    this.#host = host;
    this.#plan = plan;
    this.#people = people;
    this.#book = book;
    this.#random = random;
  }

  start(): void {
    this.#left = this.#plan.changes.length;
    for (const { atMs, kind } of this.#plan.changes) this.#host.after(atMs, () => this.#todo.push(kind));
    if (this.#plan.changes.length > 0) this.#host.after(AGAIN_MS, () => this.#ask());
    this.#book.onBegin(() => this.#next());
  }

  /** Nothing more is asked for, and what was asked for has come. */
  get isDone(): boolean {
    return this.#left <= 0;
  }

  #next(): void {
    this.#todo.shift();
    this.#left -= 1;
    this.#current = undefined;
  }

  #ask(): void {
    this.#host.after(AGAIN_MS, () => this.#ask());
    const page = this.#book.latest;
    const [kind] = this.#todo;
    const node = this.#random.pick(this.#host.nodes);
    const { state, config } = node.replica ?? {};
    if (kind === undefined || state === undefined || config?.self === undefined) return;
    if (this.#current === undefined) {
      const drawn = this.#draw(kind, page);
      if (drawn === undefined) {
        this.#next();
        return;
      }
      this.#current = { ...drawn, sinceMs: this.#host.nowMs };
    }
    const isVain = this.#host.nowMs > this.#current.sinceMs + GIVE_UP_MS;
    const open = isVain && config.roster.epoch === page.epoch ? openChange(state) : undefined;
    if (open !== undefined) {
      const body = changeNameBody({ epoch: page.epoch, change: open.operation });
      this.#submit(node, { kind: 'change.withdraw', body });
    } else if (isVain && state.changes.get(changeKey(page.epoch)) !== undefined) this.#next();
    else this.#submit(node, this.#current);
  }

  #submit(node: SimNode, { kind, body }: Ask): void {
    const admin = this.#people.signatures.signer('admin');
    const timeMs = WORLD_STARTS_MS + this.#host.nowMs;
    const seq = 1 + Math.max(...this.#host.nodes.map((one) => one.seqOf(admin.publicKey)));
    const facts = { chain: this.#people.chain, actor: admin.publicKey, seq, notAfterMs: timeMs + 600_000, timeMs };
    const signed = signOperation({ ...facts, kind, body }, [admin]);
    this.#host.submit(node, 0, ITEM_KINDS.operation, encodeSignedOperation(signed), signed.id);
  }

  #draw(kind: ChangeKind, page: EpochPage): Ask | undefined {
    const { epoch, roster, seats, shards } = page;
    const validators = [...roster.validators];
    if (kind === 'reshard') {
      const next = this.#random.pick([1, 2, 4, 8].filter((one) => one !== shards));
      this.#book.propose(epoch, keysOf(validators), next);
      return { kind: 'params.propose', body: paramsProposeBody({ epoch, shards: next }) };
    }
    const outside = this.#host.nodes.map(({ index }) => index).filter((index) => !seats.includes(index));
    const removable = seats.length > 4 || kind === 'replace' ? seats : [];
    const leaver = removable.length === 0 ? undefined : this.#random.pick(removable);
    const joiner = outside.length === 0 ? undefined : this.#random.pick(outside);
    const add = kind !== 'remove' && kind !== 'rotate' && joiner !== undefined ? [this.#validator(joiner)] : [];
    const remove = kind !== 'add' && kind !== 'rotate' && leaver !== undefined ? [leaver] : [];
    const rotate = kind === 'rotate' ? this.#rotation(seats) : [];
    if ((kind === 'replace' && add.length * remove.length === 0) || add.length + remove.length + rotate.length === 0)
      return undefined;
    const seated = [...seats.filter((node) => !remove.includes(node)), ...(add.length === 0 ? [] : [joiner ?? -1])];
    if (!this.#isBearable(seated)) return undefined;
    const left = validators
      .filter(({ name }) => !remove.map(nameOfNode).includes(name))
      .map((one) => rotate.find(({ name }) => name === one.name)?.key ?? one.key);
    this.#book.propose(epoch, [...left, ...keysOf(add)], shards);
    const body = rosterProposeBody({
      epoch,
      ...(add.length === 0 ? {} : { add }),
      ...(remove.length === 0 ? {} : { remove: remove.map((node) => parseId(nameOfNode(node))) }),
      ...(rotate.length === 0 ? {} : { rotate }),
    });
    return { kind: 'roster.propose', body };
  }

  /** No admin lets in more faulty ones than a roster can bear: villains, and who lost its disk. */
  #isBearable(seats: readonly number[]): boolean {
    const { villains, wipe } = this.#plan;
    const faulty = seats.filter((node) => villains.has(node) || wipe?.node === node).length;
    return faulty <= Math.floor((seats.length - 1) / 3);
  }

  #rotation(seats: readonly number[]) {
    const honest = seats.filter((node) => !this.#plan.villains.has(node));
    const node = this.#random.pick(honest);
    return [{ name: parseId(nameOfNode(node)), key: this.#newKey(node).publicKey }];
  }

  #validator(node: number): Validator {
    return { name: parseId(nameOfNode(node)), key: this.#newKey(node).publicKey, peer: peerText(node), addrs: [] };
  }

  /** The node has it from now on, before anybody asks for it. */
  #newKey(node: number): SimSigner {
    const generation = Math.min(ROTATIONS_MAX, (this.#generation.get(node) ?? 0) + 1);
    this.#generation.set(node, generation);
    const signer = this.#people.signatures.registrable(`validator-${node}-${generation}`);
    this.#host.nodes[node]?.keyring.push(signer);
    return signer;
  }
}

function keysOf(validators: readonly Validator[]): Uint8Array[] {
  return validators.map(({ key }) => key);
}

/** Looks like a peer id; nobody dials it. */
function peerText(node: number): string {
  const last = 'ABCDEFGHJKLMNPQRSTUVWXYZ'[node % 24] ?? 'z';
  return `12D3KooW${'A'.repeat(42)}${last}${node >= 24 ? 'z' : 'y'}`;
}
