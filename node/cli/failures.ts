import { type Fact, WaggleError } from '../../protocol/errors.ts';
import { refusalLine } from './advice.ts';
import { failureCode } from './codes/all.ts';
import { EXIT } from './exit-codes.ts';
import { typed } from './io.ts';
import { forPeople } from './rpc-commands.ts';
import { plain } from './table.ts';

/** How a failed command ends: one line that says what is wrong, what to do next, and the exit code. */
export interface Failure {
  readonly exit: number;
  readonly line: string;
  readonly next: string;
}

type Facts = Readonly<Record<string, Fact>>;
type Rule = (facts: Facts) => Failure;

const rule =
  (exit: number, line: (facts: Facts) => string, next: string | ((facts: Facts) => string)): Rule =>
  (facts) => ({ exit, line: line(facts), next: typeof next === 'string' ? next : next(facts) });

/** By error code. What is not here ends as a bug, with the code and its facts. */
const RULES = new Map<string, Rule>([
  [
    'WAGGLE_CLI_USAGE',
    rule(
      EXIT.usage,
      ({ reason }) => String(reason),
      ({ next }) => String(next ?? 'waggle --help'),
    ),
  ],
  [
    'WAGGLE_CLI_INPUT',
    rule(
      EXIT.data,
      ({ path, reason }) => `${path}: ${reason}`,
      ({ next }) => String(next ?? 'mend the file and repeat the command'),
    ),
  ],
  [
    'WAGGLE_CLI_NO_INPUT',
    rule(
      EXIT.noInput,
      ({ path, reason }) => `${path} ${reason ?? 'does not exist or cannot be read'}`,
      ({ next }) => String(next ?? 'give the path of an existing file'),
    ),
  ],
  [
    'WAGGLE_CLI_UNAVAILABLE',
    rule(
      EXIT.unreachable,
      ({ reason }) => String(reason),
      ({ next }) => String(next ?? 'waggle status --cluster'),
    ),
  ],
  [
    'WAGGLE_CLI_BUSY',
    rule(
      EXIT.tryAgain,
      ({ reason }) => String(reason),
      ({ next }) => String(next ?? 'try again in a moment'),
    ),
  ],
  [
    'WAGGLE_CLI_INTERRUPTED',
    ({ signal, next }) => ({
      exit: signal === 'SIGINT' ? EXIT.interrupted : signal === 'SIGHUP' ? EXIT.hungUp : EXIT.terminated,
      line: `ended by ${signal}`,
      next: String(next ?? 'the state is kept: run the command again'),
    }),
  ],
  [
    'WAGGLE_CLI_CONFIGURATION',
    rule(
      EXIT.configuration,
      ({ reason }) => String(reason),
      ({ next }) => String(next ?? 'waggle init'),
    ),
  ],
  [
    'WAGGLE_CLI_PASSPHRASE',
    rule(
      EXIT.configuration,
      ({ reason }) => `the keys need a passphrase: ${reason}`,
      '--passphrase-file FILE or --passphrase-fd N; --plain makes keys that need none',
    ),
  ],
  [
    'WAGGLE_KEY_PASSPHRASE',
    rule(EXIT.permission, ({ path }) => `the passphrase does not open ${path}`, 'try again with the right one'),
  ],
  [
    'WAGGLE_HOME_LOCKED',
    rule(
      EXIT.tryAgain,
      ({ pid }) => `a node runs on this home already (pid ${pid ?? 'unknown'})`,
      ({ pid }) => (pid === undefined ? 'waggle status' : `waggle status, or end it first: kill ${pid}`),
    ),
  ],
  [
    'WAGGLE_HOME_UNWRITABLE',
    rule(
      EXIT.permission,
      ({ path, reason }) => `cannot write ${path} (${reason})`,
      'make it writable for this user, or name another home with --home',
    ),
  ],
  ['WAGGLE_HOME_UNKNOWN', rule(EXIT.configuration, () => 'no home is set', 'waggle init --home DIR')],
  [
    'WAGGLE_HOME_EXISTS',
    rule(
      EXIT.configuration,
      ({ path }) => `${path ?? 'the home'} is a home already`,
      'waggle start, or name another one with --home',
    ),
  ],
  [
    'WAGGLE_KEY_MODE',
    rule(
      EXIT.permission,
      ({ path, mode }) => `${path} may be read by others (mode ${mode})`,
      ({ path }) => `chmod go-rwx ${path}`,
    ),
  ],
  [
    'WAGGLE_KEY_DAMAGED',
    rule(
      EXIT.configuration,
      ({ path, reason }) => `the key ${path} cannot be used (${reason})`,
      'restore it from a backup',
    ),
  ],
  [
    'WAGGLE_KEY_LINK',
    rule(
      EXIT.permission,
      ({ path }) => `${path} is a symbolic link: a key must be a file of its own`,
      'put the file itself there',
    ),
  ],
  [
    'WAGGLE_KEY_FILE',
    rule(
      EXIT.data,
      ({ path, reason }) => `${path} ${reason}`,
      ({ reason }) =>
        reason === 'is there already' ? 'name another file, or replace it with --force' : 'name another file',
    ),
  ],
  [
    'WAGGLE_KEY_SUBJECT',
    rule(
      EXIT.configuration,
      ({ path, subject, wanted }) => `${path} holds the key of ${whose(subject)}, not of ${whose(wanted)}`,
      ({ subject }) =>
        String(subject).startsWith('model/')
          ? `take it by its own name: waggle keys import ${String(subject).slice('model/'.length)} FILE`
          : 'restore the file from a backup',
    ),
  ],
  ['WAGGLE_KEY_EXISTS', rule(EXIT.data, ({ path }) => `${path} holds another key already`, 'waggle keys list')],
  [
    'WAGGLE_KEY_NAME',
    rule(
      EXIT.usage,
      ({ path }) => `${path ?? 'that'} is not named after a model id`,
      'use lower-case letters, digits, dots, hyphens: waggle keys new gpt-5',
    ),
  ],
  [
    'WAGGLE_GENESIS_MISSING',
    rule(
      EXIT.configuration,
      ({ path }) => `there is no genesis${path === undefined ? '' : ` at ${path}`}`,
      'waggle init makes a network of one; to join another, copy its genesis.json there',
    ),
  ],
  [
    'WAGGLE_GENESIS_FORM',
    rule(
      EXIT.configuration,
      ({ path, reason }) => `genesis.json, ${path}: ${reason}`,
      'take genesis.json from another node of the network again',
    ),
  ],
  [
    'WAGGLE_CONFIG_SYNTAX',
    rule(
      EXIT.configuration,
      ({ line, column, reason }) => `config.yaml, line ${line}, column ${column}: ${reason}`,
      'mend config.yaml',
    ),
  ],
  [
    'WAGGLE_CONFIG_KEY',
    rule(
      EXIT.configuration,
      ({ line, column, key, nearest }) =>
        `config.yaml, line ${line}, column ${column}: no option '${key}'${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}`,
      'mend config.yaml',
    ),
  ],
  [
    'WAGGLE_CONFIG_VALUE',
    rule(
      EXIT.configuration,
      ({ field, rule: needed, line }) =>
        `${field}${line === undefined ? '' : ` (config.yaml, line ${line})`} must be ${needed}`,
      'mend config.yaml, or the WAGGLE_… variable',
    ),
  ],
  [
    'WAGGLE_CONFIG_RPC_ADDRESS',
    rule(
      EXIT.configuration,
      ({ host }) => `JSON-RPC on ${host} would send tokens in the clear`,
      'bind rpc.host to 127.0.0.1 and put a proxy with TLS before it',
    ),
  ],
  [
    'WAGGLE_ID_FORM',
    rule(
      EXIT.data,
      () => 'not an id: lower-case letters, digits, dots, hyphens, underscores, at most 64',
      'waggle --help',
    ),
  ],
  [
    'WAGGLE_RPC_UNREACHABLE',
    rule(
      EXIT.unreachable,
      ({ url, reason }) => `no daemon answers at ${url} (${reason})`,
      ({ next }) => String(next ?? 'waggle start, or waggle testnet up; name another with --rpc URL'),
    ),
  ],
  [
    'WAGGLE_RPC_TIMEOUT',
    rule(
      EXIT.tryAgain,
      ({ url, timeoutMs }) =>
        `${url} did not answer${timeoutMs === undefined ? ' in time' : ` within ${timeoutMs} ms`}`,
      ({ next }) => String(next ?? 'waggle status --cluster'),
    ),
  ],
  [
    'WAGGLE_RPC_FORM',
    rule(
      EXIT.unreachable,
      ({ url, reason }) => `${url} is no Waggle daemon (${reason})`,
      'name the daemon with --rpc URL',
    ),
  ],
  ['WAGGLE_RPC_REFUSED', refused],
]);

/** "model/gpt-5" or "validator" as people say it. */
function whose(subject: Fact): string {
  return String(subject).startsWith('model/') ? String(subject).replace('/', ' ') : `the ${String(subject)}`;
}

/** What to say of anything thrown. Stacks are for WAGGLE_DEBUG only. */
export function failureOf(error: unknown): Failure {
  if (portInUse(error)) {
    const { port } = portInUse(error) ?? {};
    const line = `port ${port ?? ''} is in use by another process`.replace('  ', ' ');
    return { exit: EXIT.tryAgain, line, next: 'end that process, or set another port in config.yaml' };
  }
  if (error instanceof WaggleError) {
    const found = RULES.get(error.code)?.(error.facts);
    if (found !== undefined) return { ...found, line: plain(found.line), next: plain(found.next) };
    const known = failureCode(error.code);
    if (known !== undefined) {
      const line = plain(`${known.meaning}${factsText(error.facts)}`);
      return { exit: known.exit, line, next: `${known.next} (waggle explain ${error.code})` };
    }
    const area = /^WAGGLE_(CONFIG|HOME|TOKEN)_/.test(error.code) ? EXIT.configuration : EXIT.bug;
    const next = area === EXIT.bug ? 'WAGGLE_DEBUG=1 prints where it happened' : 'mend the file it names';
    return { exit: area, line: plain(error.message), next };
  }
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return { exit: EXIT.noInput, line: `${path} does not exist`, next: 'give an existing path' };
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return { exit: EXIT.permission, line: `no permission for ${path}`, next: 'use a path this user may write' };
  }
  const line = plain(String(message ?? error).split('\n')[0] ?? '');
  return { exit: EXIT.bug, line: `unexpected: ${line}`, next: 'WAGGLE_DEBUG=1 prints where it happened' };
}

function factsText(facts: Facts): string {
  const parts = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** EADDRINUSE, wherever in the chain of causes a listener put it. */
function portInUse(error: unknown): { port?: Fact } | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const { code, port } = at as NodeJS.ErrnoException & { port?: number };
    if (code === 'EADDRINUSE') return { port };
    if (at instanceof WaggleError && /_(PORT_IN_USE|ADDRESS_IN_USE)$/.test(at.code)) return { port: at.facts.port };
    if (/EADDRINUSE/.test(at.message)) return { port: /:(\d+)\b/.exec(at.message)?.[1] };
  }
  return undefined;
}

/** The hint of the daemon speaks of methods and of its data; people get commands, and the table of errors for more. */
function refused(facts: Facts): Failure {
  const number = Number(facts.number);
  const more = typed(`waggle explain ${number}`);
  const told = facts.advice ?? forPeople(String(facts.hint ?? ''));
  const next = told === '' ? `waggle explain ${number}` : `${told}   (more: ${more})`;
  const line = String(facts.line ?? refusalLine(String(facts.message), facts.path));
  return { exit: exitOfNumber(number, facts.retryable === true), line, next };
}

/** What was typed is wrong, and no permission is missing: an unknown or known model, observer or key. */
const DATA: ReadonlySet<number> = new Set([6001, 6002, 6003, 6004, 6009, 6010, 6011, 6012, 6013]);

function exitOfNumber(number: number, retryable: boolean): number {
  if (retryable || number === -32004 || number === -32005 || number === -32007) return EXIT.tryAgain;
  if (DATA.has(number)) return EXIT.data;
  if (number === -32001 || number === -32002 || Math.floor(number / 1000) === 6) return EXIT.permission;
  if (number === -32603) return EXIT.bug;
  // The disk or the journal of the node failed, not this command.
  return number === 8001 || number === 8002 ? EXIT.disk : EXIT.data;
}
