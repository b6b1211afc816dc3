import type { Command } from 'commander';
import type { ChainGetEpochsResult } from '../../../client/generated/methods.ts';
import { hashArgument, usage, wholeNumber } from '../arguments.ts';
import { type AskOptions, askOptions } from '../command-options.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type {
  BlockResult,
  ChainResult,
  CheckpointResult,
  GenesisResult,
  HeadResult,
  SegmentResult,
} from '../rpc-shapes.ts';
import { connect } from '../target.ts';

interface ChainsOptions extends AskOptions {
  readonly shard?: number;
}

const HEIGHT_MAX = Number.MAX_SAFE_INTEGER;
const SHARD_MAX = 64;
const RIGHT = { align: 'right' } as const;

/** `waggle genesis` and `waggle chain …`: the ledger below the votes. */
export function addChainCommands(program: Command, context: CliContext): void {
  askOptions(program.command('genesis'))
    .description('what all nodes of the network share; -o json is genesis.json')
    .action((options: AskOptions) => genesis(options, context));
  const chain = program.command('chain').description('blocks and vote chains: head, block, segment …');
  askOptions(chain.command('head'))
    .description('the last block that is final here')
    .action((options: AskOptions) => head(options, context));
  askOptions(chain.command('block'))
    .description('a final block with its cut')
    .argument('<block>', 'its height, or its hash')
    .action((at: string, options: AskOptions) => block(at, options, context));
  askOptions(chain.command('segment'))
    .description('a segment with its items, and what became of each')
    .argument('<segment>', 'its id, 64 digits of hex', hashArgument('segment'))
    .action((id: string, options: AskOptions) => segment(id, options, context));
  askOptions(chain.command('chains'))
    .description('tip, final height and backlog of every vote chain')
    .option('--shard <number>', 'of this shard only', wholeNumber('--shard', 0, SHARD_MAX))
    .action((options: ChainsOptions) => chains(options, context));
  askOptions(chain.command('checkpoint'))
    .description('what validators signed after executing a block')
    .argument('<height>', 'its height', wholeNumber('height', 0, HEIGHT_MAX))
    .action((height: number, options: AskOptions) => checkpoint(height, options, context));
  askOptions(chain.command('epochs'))
    .description('the ends of epochs, each with what proves it')
    .action((options: AskOptions) => epochs(options, context));
}

async function genesis(options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<GenesisResult>('chain_genesis');
  const { params } = one;
  emit(io, options.output, one, () => ({
    title: `network ${one.network}, made ${one.createdAt}`,
    columns: [{ name: 'validator' }, { name: 'peer' }, { name: 'address' }],
    rows: one.validators.map(({ name, peer, addrs }) => [name, peer, (addrs ?? []).join(' ')]),
    notes: [
      `${params?.shards} shards; a view lasts up to ${params?.viewTimerMs} ms, a block ${params?.blockIntervalMs} ms`,
    ],
    next: `waggle chain head${client.flags}`,
  }));
}

async function head(options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<HeadResult>('chain_head');
  emit(io, options.output, one, () => ({
    columns: [{ name: 'field' }, { name: 'value' }],
    rows: headRows(one),
    next: one.height === 0 ? `waggle status${client.flags}` : `waggle chain block ${one.height}${client.flags}`,
  }));
}

function headRows({ height, hash, time, view, certificate }: HeadResult): string[][] {
  const signed =
    certificate == null ? '-' : `${certificate.kind} by ${certificate.signers.length} in view ${certificate.view}`;
  return [
    ['height', String(height)],
    ['hash', hash],
    ['time', time],
    ['view', String(view)],
    ['certificate', signed],
  ];
}

async function block(at: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const key = /^\d{1,15}$/.test(at)
    ? { height: Number(at) }
    : { hash: hashArgument('block', 'a height, or the 64 digits of its hash, is needed')(at) };
  const client = await connect(options, io.env);
  const one = await client.call<BlockResult>('chain_getBlock', key);
  const [first] = one.cut;
  emit(io, options.output, one, () => ({
    title: `block ${one.height} ${one.hash}`,
    columns: [
      { name: 'shard', ...RIGHT },
      { name: 'author', ...RIGHT },
      { name: 'to height', ...RIGHT },
      { name: 'tip' },
    ],
    rows: one.cut.map(({ shard, author, height, tip }) => [String(shard), String(author), String(height), tip]),
    notes: [`by ${one.proposer} in view ${one.view} at ${one.time}`, `parent ${one.parentHash}`],
    next:
      first === undefined ? `waggle chain chains${client.flags}` : `waggle chain segment ${first.tip}${client.flags}`,
  }));
}

async function segment(id: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<SegmentResult>('chain_getSegment', { id });
  const ballot = one.items.find(({ kind }) => kind === 'ballot');
  emit(io, options.output, one, () => ({
    title: `segment ${one.height} of shard ${one.shard} by ${one.name}`,
    columns: [{ name: 'item' }, { name: 'what' }, { name: 'outcome' }, { name: 'id' }],
    rows: one.items.map((item) => [
      item.kind,
      item.voter === undefined ? (item.operation ?? '-') : `${item.voter} in ${item.space}/${item.session}`,
      item.outcome ?? '-',
      item.id,
    ]),
    notes: [`ordered by block ${one.orderedAt}, sealed at ${one.time}, ${one.sizeBytes} bytes`],
    next:
      ballot === undefined
        ? `waggle chain block ${one.orderedAt}${client.flags}`
        : `waggle ballot get ${ballot.id}${client.flags}`,
  }));
}

async function chains(options: ChainsOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const { shard } = options;
  const all = await client.call<readonly ChainResult[]>('chain_getChains', shard === undefined ? {} : { shard });
  const busy = all.find(({ tip }) => tip.height > 0);
  emit(
    io,
    options.output,
    all,
    () => ({
      columns: [
        { name: 'shard', ...RIGHT },
        { name: 'author' },
        { name: 'height', ...RIGHT },
        { name: 'final', ...RIGHT },
        { name: 'backlog', ...RIGHT },
        { name: 'state' },
        { name: 'tip' },
      ],
      rows: all.map((one) => [
        String(one.shard),
        one.name,
        String(one.tip.height),
        String(one.finalHeight),
        String(one.backlog),
        stateOf(one),
        one.tip.id,
      ]),
      notes: shard === 0 || all.length === 0 ? [] : ['shard 0 orders operations, the others ballots'],
      next:
        busy === undefined ? `waggle chain head${client.flags}` : `waggle chain segment ${busy.tip.id}${client.flags}`,
    }),
    all,
  );
}

function stateOf({ muted, incarnation = 0 }: ChainResult): string {
  if (muted === true) return 'muted';
  return incarnation === 0 ? '-' : `restarted ${incarnation}`;
}

async function checkpoint(height: number, options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  if (height === 0) throw usage('the first block has height 1', `waggle chain head${client.flags}`);
  const one = await client.call<CheckpointResult>('chain_getCheckpoint', { height });
  // With what leads to its validators, so that a file of it is proven by genesis alone.
  const ends = one.epoch === 0 ? [] : (await endsOfEpochs(client)).slice(0, one.epoch);
  const whole = one.epoch === 0 ? one : { ...one, epochs: ends.map(({ proof }) => proof) };
  const differ = one.differing === 0 ? [] : [`${one.differing} signed another one of this height: evidence of a fault`];
  emit(io, options.output, whole, () => ({
    title: `checkpoint of height ${one.height}`,
    columns: [{ name: 'signed by' }, { name: 'signature' }],
    rows: one.signatures.map(({ name, signature }) => [name, signature]),
    notes: [`root ${one.root}`, `history ${one.history}`, ...differ],
    next: `waggle chain block ${one.height}${client.flags}`,
  }));
}

async function epochs(options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const ends = await endsOfEpochs(client);
  emit(io, options.output, { epochs: ends }, () => ({
    title: ends.length === 0 ? 'the first epoch has not ended' : `epoch ${ends.length} holds now`,
    columns: [
      { name: 'ended', ...RIGHT },
      { name: 'at height', ...RIGHT },
      { name: 'proof in bytes', ...RIGHT },
    ],
    rows: ends.map(({ epoch, sealedHeight, proof }) => [`${epoch}`, `${sealedHeight}`, `${proof.length / 2}`]),
    next: `waggle admin show${client.flags}`,
  }));
}

async function endsOfEpochs(client: Awaited<ReturnType<typeof connect>>): Promise<ChainGetEpochsResult['epochs']> {
  const ends: ChainGetEpochsResult['epochs'][number][] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: ChainGetEpochsResult = await client.call<ChainGetEpochsResult>('chain_getEpochs', { from });
    ends.push(...page.epochs);
    from = page.next;
  }
  return ends;
}
