import type { Command } from 'commander';
import type { NetworkGetResult } from '../../../client/generated/methods.ts';
import type { ChangeOptions } from '../admin/change-options.ts';
import type { Proposal } from '../admin/proposal-file.ts';
import { usage, wholeNumber } from '../arguments.ts';
import { type AskOptions, askOptions } from '../command-options.ts';
import { write } from '../finality.ts';
import { homeLock, pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import { type PassphraseOptions, passphraseOptions } from '../passphrase.ts';
import type { CliContext } from '../program.ts';
import type { OperationResult } from '../rpc-shapes.ts';
import { connect, type TargetOptions } from '../target.ts';
import { shellWord } from '../typed-command.ts';

type SignOptions = AskOptions & PassphraseOptions;
type ProposeOptions = SignOptions & ChangeOptions & { readonly out?: string; readonly days: number };

const DAY_MS = 86_400_000;
const DAYS_MAX = 7;
const list = (text: string, before: readonly string[] = []): string[] => [...before, text];

export function addAdminCommands(program: Command, context: CliContext): void {
  const admin = program.command('admin').description('change the network: validators, keys, shards, timers');
  askOptions(admin.command('show'))
    .description('who votes and what holds now, and the change that is open')
    .action((options: AskOptions) => show(options, context));
  passphraseOptions(askOptions(admin.command('propose')))
    .description('write a proposal, signed with the key of this home, for the other admins to sign')
    .option('--add <validator>', 'give a seat: NAME=KEY,PEER,ADDRESS', list)
    .option('--remove <name>', 'take a seat', list)
    .option('--rotate <key>', 'a validator signs with another key: NAME=KEY', list)
    .option('--admin <key>', 'with --threshold: the admins from then on', list)
    .option('--threshold <count>', 'how many of them decide', wholeNumber('--threshold', 1, 16))
    .option('--shards <count>', 'ballot shards', wholeNumber('--shards', 1, 64))
    .option('--view-timer-ms <ms>', 'base of the view timers', wholeNumber('--view-timer-ms', 10, 10_000))
    .option('--block-interval-ms <ms>', 'floor of the block interval', wholeNumber('--block-interval-ms', 1, 10_000))
    .option(
      '--protocol-version <number>',
      'version every node must speak',
      wholeNumber('--protocol-version', 1, 65_535),
    )
    .option('--decided-by <proposal>', 'leave it to a vote: SPACE/SESSION/PROPOSAL')
    .option('--days <count>', 'how long it may be submitted', wholeNumber('--days', 1, DAYS_MAX), 1)
    .option('--out <file>', 'where to write it (default: change-EPOCH.json)')
    .addHelpText('after', '\nExamples:\n  waggle admin propose --shards 8\n  waggle admin propose --remove node4')
    .action((options: ProposeOptions) => propose(options, context));
  passphraseOptions(askOptions(admin.command('sign')))
    .description('add the signature of this home to a proposal')
    .argument('<file>', 'the proposal')
    .action((file: string, options: SignOptions) => sign(file, options, context));
  askOptions(admin.command('submit'))
    .description('bring a proposal that enough admins signed to the ledger')
    .argument('<file>', 'the proposal')
    .action((file: string, options: AskOptions) => submit(file, options, context));
  passphraseOptions(askOptions(admin.command('withdraw')))
    .description('write the withdrawal of the open change, as long as it waits for somebody')
    .option('--out <file>', 'where to write it (default: withdraw-EPOCH.json)')
    .action((options: SignOptions & { out?: string }) => withdraw(options, context));
}

async function show(options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const facts = await client.call<NetworkGetResult>('network_get', {});
  const { epoch, validators, admins, params, change } = facts;
  const state = change === undefined ? 'no change is open' : stateOf(change);
  emit(io, options.output, facts, () => ({
    title: `epoch ${epoch}: ${validators.length} validators, ${params.shards} shards, ${admins.threshold} of ${admins.keys.length} admins decide; ${state}`,
    columns: [{ name: 'validator' }, { name: 'key' }, { name: 'address' }],
    rows: validators.map(({ name, key, addrs }) => [name, key, addrs[0] ?? '']),
    next:
      change === undefined ? `waggle admin propose --help` : `waggle admin show${client.flags}   (again, in a while)`,
  }));
}

function stateOf({ waitsFor, decidedBy, approvedHeight }: NonNullable<NetworkGetResult['change']>): string {
  if (approvedHeight !== undefined) return `a change was approved at height ${approvedHeight}`;
  const vote = decidedBy && `the vote on ${decidedBy.proposal} in ${decidedBy.space}/${decidedBy.session}`;
  return `a change waits for ${[...waitsFor.map(({ name }) => name), ...(vote === undefined ? [] : [vote])].join(', ')}`;
}

async function propose(options: ProposeOptions, context: CliContext): Promise<void> {
  const { changeOf } = await import('../admin/change-options.ts');
  const client = await connect(options, context.io.env);
  const { epoch, params, change: open } = await client.call<NetworkGetResult>('network_get', {});
  if (open !== undefined) throw usage('a change is open already', `waggle admin show${client.flags}`);
  const change = changeOf(options, epoch, params);
  await writeSigned({ ...change, out: options.out ?? `change-${epoch}.json`, days: options.days }, options, context);
}

async function withdraw(options: SignOptions & { readonly out?: string }, context: CliContext): Promise<void> {
  const [{ changeNameBody }, { fromHex }] = await Promise.all([
    import('../../../protocol/governance/operations/network-change.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const client = await connect(options, context.io.env);
  const { epoch, change } = await client.call<NetworkGetResult>('network_get', {});
  if (change === undefined) throw usage('no change is open', `waggle admin show${client.flags}`);
  const body = changeNameBody({ epoch, change: fromHex(change.operation, 32) });
  const out = options.out ?? `withdraw-${epoch}.json`;
  await writeSigned({ kind: 'change.withdraw', body, out, days: 1 }, options, context);
}

interface Wanted {
  readonly kind: 'roster.propose' | 'params.propose' | 'change.withdraw';
  readonly body: Parameters<typeof import('../../../protocol/governance/operation.ts').signOperation>[0]['body'];
  readonly out: string;
  readonly days: number;
}

async function writeSigned(wanted: Wanted, options: SignOptions, context: CliContext): Promise<void> {
  const [{ proposalOf, writeProposal }, { signOperation }, { fromHex, toHex }] = await Promise.all([
    import('../admin/proposal-file.ts'),
    import('../../../protocol/governance/operation.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const client = await connect(options, context.io.env);
  const key = await ownKey(client.home ?? options.home, options, context);
  const actor = toHex(key.publicKey);
  const { admins, seq = 1 } = await client.call<NetworkGetResult>('network_get', { actor });
  const { chain } = await client.call<{ chain: string }>('node_status', {});
  const { network } = await client.call<{ network: string }>('chain_genesis', {});
  if (!admins.keys.includes(actor)) throw usage(`the key of this home, ${actor}, is of no admin`, 'waggle admin show');
  const timeMs = Date.now();
  const times = { timeMs, notAfterMs: timeMs + wanted.days * DAY_MS };
  const { kind, body, out } = wanted;
  const facts = { chain: fromHex(chain, 32), actor: key.publicKey, seq, ...times, kind, body };
  const proposal = proposalOf(network, signOperation(facts, [key]));
  await writeProposal(out, proposal, true);
  emitProposal(out, proposal, admins, options, client.flags, context);
}

async function sign(path: string, options: SignOptions, context: CliContext): Promise<void> {
  const [{ readProposal, withSignature, writeProposal }, { toHex }] = await Promise.all([
    import('../admin/proposal-file.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const client = await connect(options, context.io.env);
  const found = await readProposal(path);
  const { admins } = await client.call<NetworkGetResult>('network_get', {});
  const { chain } = await client.call<{ chain: string }>('node_status', {});
  if (found.file.chain !== chain) throw usage(`${path} is of another network than this node`, 'waggle status');
  const key = await ownKey(client.home ?? options.home, options, context);
  const publicKey = toHex(key.publicKey);
  if (!admins.keys.includes(publicKey)) throw usage(`the key of this home, ${publicKey}, is of no admin`);
  const proposal = withSignature(found, key);
  await writeProposal(path, proposal, false);
  emitProposal(path, proposal, admins, options, client.flags, context);
}

async function submit(path: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const { readProposal } = await import('../admin/proposal-file.ts');
  const client = await connect(options, io.env);
  const { file } = await readProposal(path);
  const answer = await write<OperationResult>(client, io, 'operation_submit', { operation: file.operation });
  emit(io, options.output, answer, () => ({
    title: `on the ledger at height ${answer.height}: ${file.summary.join('; ')}`,
    columns: [{ name: 'operation' }, { name: 'outcome' }],
    rows: [[answer.operation, answer.outcome ?? 'accepted']],
    next: `waggle admin show${client.flags}`,
  }));
}

function emitProposal(
  path: string,
  { file, signed }: Proposal,
  admins: NetworkGetResult['admins'],
  options: AskOptions & TargetOptions,
  flags: string,
  { io }: CliContext,
): void {
  const signers = signed.signatures.map(({ key }) => Buffer.from(key).toString('hex'));
  const counted = signers.filter((key) => admins.keys.includes(key));
  const missing = Math.max(0, admins.threshold - counted.length);
  const word = shellWord(path);
  emit(io, options.output, { file: path, ...file, signers, missing }, () => ({
    title: `${path}: ${file.summary.join('; ')}`,
    columns: [{ name: 'signed by' }],
    rows: signers.map((key) => [key]),
    next:
      missing === 0
        ? `waggle admin submit ${word}${flags}`
        : `send ${path} to ${missing} more ${missing === 1 ? 'admin' : 'admins'}: waggle admin sign ${word}`,
  }));
}

/** The key this home administers with: of its validator, or of its operator. */
async function ownKey(home: string | undefined, options: SignOptions, context: CliContext) {
  const [{ loadKey }, { WaggleError }] = await Promise.all([
    import('../../storage/keystore.ts'),
    import('../../../protocol/errors.ts'),
  ]);
  const paths = await pathsOf(home, context);
  const lock = await homeLock(paths, options);
  const key =
    (await loadKey(paths.validatorKey, 'validator', lock)) ?? (await loadKey(paths.operatorKey, 'operator', lock));
  if (key === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: paths.validatorKey });
  return key;
}
