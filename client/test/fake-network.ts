import type { BallotSubmitParams } from '../generated/methods.ts';
import { type Block, CHAIN, type FakeBallot, type FakeLedger, readBallot } from './fake-ledger.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * What goes wrong with one request. `taken` says whether the node sealed the ballot first; `lateMs` when it is ordered:
 * a node that dies with a ballot in its journal orders it when it is back.
 */
export interface Fault {
  readonly kind: (typeof KINDS)[number];
  readonly taken: boolean;
  readonly lateMs: number;
}

export const KINDS = [
  'none',
  'connection',
  'hang',
  'busy',
  'not-ready',
  'internal',
  'html',
  'not-json-rpc',
  'wrong-id',
  'other-ballot',
  'twice',
  'behind',
  'timeout',
] as const;

export interface FakeNode {
  readonly url: string;
  /** How long after the others it executes. */
  readonly lagMs: number;
  /** How far its clock is ahead. */
  readonly skewMs: number;
  /** A node of another network, with a wrong address in the list. */
  readonly isForeign?: boolean;
  /** One for each request, in order; none when they are used up. */
  readonly faults: Fault[];
}

interface RpcCall {
  readonly id: number;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

const FINAL_MS = 40;
const NO_FAULT: Fault = { kind: 'none', taken: true, lateMs: 0 };

/** Nodes behind a `fetch`, over one ledger and a virtual clock. */
export class FakeNetwork {
  readonly time: VirtualTime;
  readonly ledger: FakeLedger;
  readonly nodes: readonly FakeNode[];
  /** Urls in the order they were asked to take a ballot. */
  readonly submitted: string[] = [];
  #orderedMs = 0;

  constructor(time: VirtualTime, ledger: FakeLedger, nodes: readonly FakeNode[]) {
    this.time = time;
    this.ledger = ledger;
    this.nodes = nodes;
  }

  readonly fetch = (async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const node = this.nodes.find(({ url }) => url === String(input));
    const body = JSON.parse(String(init.body)) as RpcCall | RpcCall[];
    const fault = node?.faults.shift() ?? NO_FAULT;
    if (node === undefined || fault.kind === 'connection') {
      if (fault.taken && node !== undefined) this.#take(body, fault.lateMs);
      throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
    }
    const text = await this.#unlessAborted(init.signal ?? undefined, this.#answer(node, body, fault));
    return new Response(text, { status: fault.kind === 'html' ? 502 : 200 });
  }) as typeof globalThis.fetch;

  async #answer(node: FakeNode, body: RpcCall | RpcCall[], fault: Fault): Promise<string> {
    const { kind, taken, lateMs } = fault;
    const isWhole = kind === 'none' || kind === 'twice' || kind === 'other-ballot' || kind === 'wrong-id';
    if (!isWhole && taken && kind !== 'busy' && kind !== 'behind') this.#take(body, lateMs);
    if (kind === 'hang') return await new Promise<string>(() => undefined);
    if (kind === 'html') return '<html>Bad gateway</html>';
    if (kind === 'not-json-rpc') return '{"ok": true}';
    const calls = Array.isArray(body) ? body : [body];
    const refusal = refusalOf(kind);
    const answers: object[] = [];
    for (const call of calls) {
      const answer = refusal ?? (await this.#one(node, call, fault));
      answers.push({ jsonrpc: '2.0', id: kind === 'wrong-id' ? 77 : call.id, ...answer });
    }
    return JSON.stringify(Array.isArray(body) ? answers : answers[0]);
  }

  async #one(node: FakeNode, { method, params }: RpcCall, fault: Fault): Promise<object> {
    if (node.isForeign === true) return this.#foreign(method);
    if (method === 'ballot_submit') return await this.#submit(node, params as BallotSubmitParams, fault);
    const blocks = this.#seenBy(node);
    const { height, timeMs } = blocks.at(-1) as Block;
    if (method === 'node_status') return { result: { chain: CHAIN } };
    if (method === 'chain_head') return { result: { height, time: new Date(timeMs).toISOString() } };
    if (method === 'ballot_get') return this.#get(blocks, String(params.ballot));
    return refused(-32601, 'method.unknown');
  }

  /** It has no such session, and blocks all the time. */
  #foreign(method: string): object {
    const time = new Date(this.time.nowMs).toISOString();
    if (method === 'node_status') return { result: { chain: 'ee'.repeat(32) } };
    if (method === 'chain_head') return { result: { height: 9, time } };
    return method === 'ballot_get' ? refused(4014, 'ballot.unknown') : refused(2003, 'session.unknown');
  }

  async #submit(node: FakeNode, params: BallotSubmitParams, fault: Fault): Promise<object> {
    this.submitted.push(node.url);
    const ballot = readBallot(params);
    const seen = this.#seenBy(node);
    const { outcome, counted } = this.ledger.judge(seen, ballot, this.time.nowMs + node.skewMs);
    const known = seen.find(({ items }) =>
      items.some((one) => one.ballot.id === ballot.id && one.outcome === 'counted'),
    );
    if (known !== undefined) return final('duplicate', ballot.id, known.height);
    if (outcome === 'duplicate') return final('duplicate', counted ?? '', undefined);
    if (outcome !== 'counted')
      return refused(4000, `ballot.${outcome}`, { counted: this.ledger.heads(seen).at(-1)?.id });
    const block = await this.#order(fault.kind === 'twice' ? [ballot, ballot] : [ballot], fault.lateMs);
    const item = block.items[0];
    if (fault.kind === 'other-ballot') return final('counted', '22'.repeat(32), block.height);
    if (item?.outcome === 'counted') return final('counted', ballot.id, block.height);
    if (item?.outcome === 'duplicate') return final('duplicate', item.counted ?? '', block.height);
    return refused(4000, `ballot.${item?.outcome}`, { counted: this.ledger.heads(this.ledger.blocks).at(-1)?.id });
  }

  #get(blocks: readonly Block[], id: string): object {
    const items = blocks.flatMap(({ height, items: all }) => all.map((one) => ({ ...one, height })));
    const own = items.filter(({ ballot }) => ballot.id === id);
    const best = own.find(({ outcome }) => outcome === 'counted') ?? own.at(-1);
    if (best === undefined) return refused(4014, 'ballot.unknown');
    const head = this.ledger.heads(blocks).at(-1)?.id;
    const replaced = best.outcome === 'counted' && head !== id ? { supersededBy: head } : {};
    return { result: { ballot: id, outcome: best.outcome, height: best.height, ...replaced } };
  }

  #take(body: RpcCall | RpcCall[], lateMs: number): void {
    if (Array.isArray(body) || body.method !== 'ballot_submit') return;
    void this.#order([readBallot(body.params as BallotSubmitParams)], lateMs);
  }

  #order(ballots: readonly FakeBallot[], lateMs: number): Promise<Block> {
    const { promise, resolve } = Promise.withResolvers<Block>();
    this.#orderedMs = Math.max(this.#orderedMs, lateMs);
    this.time.at(FINAL_MS + lateMs, () => resolve(this.ledger.execute(ballots, this.time.nowMs)));
    return promise;
  }

  #seenBy({ lagMs }: FakeNode): Block[] {
    const [first, ...rest] = this.ledger.blocks;
    const seen = rest.filter(({ timeMs }) => timeMs <= this.time.nowMs - lagMs);
    return first === undefined ? seen : [first, ...seen];
  }

  #unlessAborted(signal: AbortSignal | undefined, work: Promise<string>): Promise<string> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new DOMException('aborted', 'AbortError'));
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop);
      work.then(resolve, reject);
    });
  }
}

function refusalOf(kind: Fault['kind']): object | undefined {
  if (kind === 'busy') return refused(7001, 'network.busy', { retryable: true, retryAfterMs: 300 });
  if (kind === 'not-ready') return refused(-32004, 'node.not-ready', { retryable: true, retryAfterMs: 1_000 });
  if (kind === 'internal') return refused(-32603, 'internal');
  if (kind === 'behind') return refused(2003, 'session.unknown');
  return kind === 'timeout' ? refused(-32007, 'request.timeout', { retryable: true }) : undefined;
}

function refused(code: number, type: string, data: object = {}): object {
  return { error: { code, message: type, data: { type, hint: '', retryable: false, ...data } } };
}

function final(outcome: string, ballot: string, height: number | undefined): object {
  return { result: { ballot, shard: 1, status: 'final', outcome, ...(height === undefined ? {} : { height }) } };
}
