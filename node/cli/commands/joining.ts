import type { Command } from 'commander';
import { WaggleError } from '../../../protocol/errors.ts';
import type { InviteJson } from '../../../protocol/invite.ts';
import { idArgument, wholeNumber } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { write } from '../finality.ts';
import { hint, paint } from '../io.ts';
import type { Finding } from '../joining/preflight.ts';
import { type OutputFormat, parseFormat } from '../output.ts';
import { type PassphraseOptions, plainOption } from '../passphrase.ts';
import type { CliContext } from '../program.ts';
import { renderTable } from '../table.ts';
import { connect, type TargetOptions, targetOptions } from '../target.ts';

const PORT_MAX = 65_535;

export function addJoiningCommands(program: Command, context: CliContext): void {
  targetOptions(program.command('invite'))
    .description('let another operator’s node connect: writes the file it joins by')
    .argument('<name>', 'under which name', idArgument('name'))
    .option('--peer <id>', 'the peer id its `waggle init --observer` printed; without it the file holds a new key')
    .option('-o, --out <file>', 'where to write the invite (default: NAME.invite)')
    .addHelpText('after', '\nExamples:\n  waggle invite acme\n  waggle invite acme --peer 12D3KooW…')
    .action((name: string, options: InviteOptions) => invite(name, options, context));
  plainOption(program.command('join'))
    .description('set up a home for the network of an invite, when a validator lets this node in')
    .argument('<invite>', 'the file a validator’s operator sent')
    .option('--home <dir>', 'the home (default: WAGGLE_HOME, else the user’s data directory)')
    .option('--rpc-port <port>', 'port of JSON-RPC on loopback', wholeNumber('--rpc-port', 1, PORT_MAX), 8_440)
    .option('--chain <hash>', 'refuse the invite when it is for another network')
    .option('--trusted <file>', 'with --start: a checkpoint that the history must lead to')
    .option('--start', 'run the daemon afterwards, until Ctrl-C')
    .option('-o, --output <format>', 'table or json', parseFormat, 'table')
    .addHelpText('after', '\nExample:\n  waggle join acme.invite --start')
    .action((file: string, options: JoinOptions) => join(file, options, context));
}

interface InviteOptions extends TargetOptions {
  readonly peer?: string;
  readonly out?: string;
}

/** `waggle invite NAME`: admit the node on the ledger, and write what it needs to find the network. */
async function invite(name: string, options: InviteOptions, { io }: CliContext): Promise<void> {
  const [{ writeInvite }, { peerIdOf }, { exportSeed, generateKeyPair }, { toHex }] = await Promise.all([
    import('../joining/invite-file.ts'),
    import('../../network/identity.ts'),
    import('../../../protocol/crypto/keys.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const client = await connect(options, io.env);
  const seed = options.peer === undefined ? exportSeed(generateKeyPair()) : undefined;
  const peer = options.peer ?? (seed === undefined ? '' : peerIdOf(seed));
  const path = options.out ?? `${name}.invite`;
  await writeInvite(path, async () => {
    const answer = await write<{ invite: InviteJson }>(client, io, 'observer_admit', { name, peer });
    return seed === undefined ? answer.invite : { ...answer.invite, nodeKey: toHex(seed) };
  });
  io.out(`invite ${path}\nname   ${name}\npeer   ${peer}\n`);
  if (seed !== undefined) io.err('The file holds the key of that node: send it in private.\n');
  hint(io, `waggle join ${path}   (on the machine of ${name})`);
}

interface JoinOptions extends PassphraseOptions {
  readonly home?: string;
  readonly rpcPort: number;
  readonly chain?: string;
  readonly start?: boolean;
  readonly trusted?: string;
  readonly output: OutputFormat;
}

/** `waggle join INVITE`: read, try everything, and only then write the home. */
async function join(file: string, options: JoinOptions, context: CliContext): Promise<void> {
  const { io, result } = context;
  const [{ readInvite }, { homeDirectory }, { preflight }, homes, { toHex }] = await Promise.all([
    import('../joining/invite-file.ts'),
    import('../../storage/home.ts'),
    import('../joining/preflight.ts'),
    import('../joining/observer-home.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const found = await readInvite(file);
  const chain = toHex(found.chain);
  if (options.chain !== undefined && options.chain !== chain) {
    const reason = `is for network ${chain}, not the one of --chain`;
    throw new WaggleError('WAGGLE_CLI_INPUT', { path: file, reason, next: 'ask who sent it which network it is for' });
  }
  const directory = homeDirectory(options.home, io.env);
  const lock = await homes.lockOf(directory, options);
  const seeds = await homes.seedsFor(directory, found, lock);
  const findings =
    seeds.nodeSeed === undefined ? [] : await preflight({ ...found, ...options, nodeSeed: seeds.nodeSeed });
  const all = [seeds.finding, ...findings];
  const flags = options.home === undefined ? '' : ` --home ${options.home}`;
  const canJoin = seeds.finding.ok && findings.some(({ check, ok }) => check === 'address' && ok);
  const isFree = findings.every(({ check, ok }) => check !== 'port' || ok);
  if (canJoin && isFree) await homes.writeHome(directory, found, seeds, options.rpcPort, lock);
  if (options.output === 'table')
    showFindings(all, `network ${found.genesis.network}, by invitation of ${found.sponsor}`, context);
  else
    io.out(`${JSON.stringify({ chain, name: found.name, home: directory, joined: canJoin && isFree, checks: all })}\n`);
  if (!seeds.finding.ok || !isFree) result.exit = EXIT.configuration;
  else if (!canJoin) result.exit = EXIT.unreachable;
  if (result.exit !== EXIT.ok) return hint(io, nextOf(all, file, flags));
  if (options.start !== true) return hint(io, `waggle start${flags}`);
  const { startDaemon } = await import('./start.ts');
  await startDaemon(options, context);
}

function showFindings(findings: readonly Finding[], title: string, { io }: CliContext): void {
  const rows = findings.map(({ check, subject, ok, detail }) => [ok ? 'ok' : 'FAILS', check, subject, detail]);
  const columns = ['', 'check', 'subject', 'detail'].map((name) => ({ name }));
  io.out(`${paint(io, 'bold', title)}\n${renderTable(columns, rows, { width: io.columns })}`);
}

function nextOf(findings: readonly Finding[], file: string, flags: string): string {
  const failed = findings.find(({ ok }) => !ok);
  if (failed?.check === 'key') return `waggle init --observer${flags}, and ask for an invite for the peer id it prints`;
  if (failed?.check === 'port') return `waggle join ${file}${flags} --rpc-port PORT`;
  return `ask the validator’s operator, then waggle join ${file}${flags}`;
}
