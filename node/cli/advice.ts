import { WaggleError } from '../../protocol/errors.ts';
import { nearestName } from '../../protocol/nearest.ts';
import { ERRORS, type ErrorType } from '../rpc/error-codes.ts';
import { ERROR_GUIDE } from '../rpc/error-guide.ts';
import type { RpcClient } from './rpc-client.ts';
import { forPeople } from './rpc-commands.ts';
import type { Page, SessionResult } from './rpc-shapes.ts';
import { plain } from './table.ts';

/** What was asked when a daemon refused. */
export interface Refused {
  readonly params: Readonly<Record<string, unknown>>;
  /** How the next command reaches the same daemon. */
  readonly flags: string;
  /** What starts that daemon. */
  readonly start?: string | undefined;
}

/** Facts that a refusal gets here: a better line, the word that is wrong and the one that was meant, what to type. */
interface Advice {
  readonly line?: string;
  readonly written?: string;
  readonly meant?: string | undefined;
  readonly advice?: string | undefined;
}

const ASK_MS = 1_500;
const NAMES_MAX = 1_000;

/**
 * A refusal with what a person needs to go on, the nearest known name looked up at the daemon where one is unknown. Anything
 * else is given back as it is, and so is the refusal when the daemon does not say more in time.
 */
export async function advised(error: unknown, refused: Refused, client: RpcClient): Promise<unknown> {
  if (!(error instanceof WaggleError)) return error;
  if (error.code === 'WAGGLE_RPC_UNREACHABLE' && refused.start !== undefined) {
    return new WaggleError(error.code, { ...error.facts, next: refused.start });
  }
  if (error.code === 'WAGGLE_RPC_TIMEOUT') {
    return new WaggleError(error.code, { ...error.facts, next: `waggle status --cluster${refused.flags}` });
  }
  if (error.code !== 'WAGGLE_RPC_REFUSED') return error;
  const type = String(error.facts.type);
  const looked = await lookUp(type, error, refused, client).catch((): Advice => ({}));
  const advice = looked.advice ?? nextFor(type, refused);
  return new WaggleError(error.code, { ...error.facts, ...looked, advice });
}

async function lookUp(type: string, { facts }: WaggleError, refused: Refused, client: RpcClient): Promise<Advice> {
  const { params, flags } = refused;
  const [space, session] = [String(params.space ?? 'main'), String(params.session ?? '')];
  const ask = async <Result>(method: string, query: object) =>
    await client.call<Result>(method, query, { timeoutMs: ASK_MS, attempts: 1 });
  const list = async (method: string, query: object) =>
    (await ask<Page<Readonly<Record<string, unknown>>>>(method, { limit: NAMES_MAX, ...query })).items;
  switch (type) {
    case 'space.unknown': {
      const names = (await list('space_list', {})).map(({ id }) => String(id));
      return nearest('space', space, names, '');
    }
    case 'session.unknown': {
      const sessions = await list('session_list', {});
      const elsewhere = sessions.find((one) => one.session === session);
      if (elsewhere !== undefined) return inOtherSpace(space, session, String(elsewhere.space), flags);
      const here = sessions.filter((one) => one.space === space).map((one) => String(one.session));
      return nearest('session', session, here, ` in space ${space}`);
    }
    case 'proposal.unknown':
    case 'ballot.unknown-proposal': {
      const { proposals = [] } = await ask<SessionResult>('session_get', { space, session });
      const written = type === 'proposal.unknown' ? params.proposal : entryAt(params, String(facts.path));
      return nearest('proposal', String(written), names(proposals), ` in session ${session}`);
    }
    // Only who is in the registry comes here: another name would be another's vote.
    case 'ballot.not-eligible':
      return { line: plain(`${params.voter} is not in the electorate of ${session}`) };
    case 'model.unknown': {
      const models = (await list('model_list', {})).map(({ id }) => String(id));
      return nearest('model', String(params.voter ?? params.model ?? params.id), models, '');
    }
    case 'ballot.incomplete':
      return facts.missing === undefined
        ? {}
        : { line: plain(`the ballot must answer every proposal: ${facts.missing} too`) };
    case 'ballot.no-key':
      return facts.fault === undefined ? {} : { advice: plain(`waggle explain ${facts.fault}`) };
    case 'ballot.not-operated':
      return byOperator(facts.operator, flags);
    default:
      return {};
  }
}

function names(proposals: readonly { readonly id?: string }[]): string[] {
  return proposals.flatMap(({ id }) => id ?? []);
}

function entryAt({ entries }: Refused['params'], path: string): unknown {
  const at = Number(/^entries\[(\d{1,6})\]/.exec(path)?.[1] ?? 0);
  return Array.isArray(entries) ? (entries[at] as { proposal?: unknown } | undefined)?.proposal : undefined;
}

function nearest(what: string, written: string, known: readonly string[], where: string): Advice {
  const meant = nearestName(written, known);
  const suggestion = meant === undefined || meant === written ? '' : ` (Did you mean ${meant}?)`;
  return { line: plain(`no ${what} '${written}'${where}${suggestion}`), written, meant };
}

function inOtherSpace(space: string, session: string, other: string, flags: string): Advice {
  return {
    line: `no session '${session}' in space ${space}: it is in space ${other}`,
    advice: `waggle session show ${session} --space ${other}${flags}`,
  };
}

function byOperator(operator: unknown, flags: string): Advice {
  if (typeof operator !== 'string') return {};
  const isTestnet = !/ --(?:rpc|home) /.test(flags);
  const next = `the same command with --node ${operator}`;
  return { line: `this node does not operate the voter: ${operator} does`, ...(isTestnet ? { advice: next } : {}) };
}

/** Commands that take the options which find a daemon. */
const ASKING = /^waggle (?:session|proposal|ballot|tally|vote|status|model|space|chain|genesis)\b/;

/** The command of the guide to errors with the names of this call in it. */
function nextFor(type: string, { params, flags }: Refused): string | undefined {
  if (!Object.hasOwn(ERRORS, type)) return undefined;
  const { command } = ERROR_GUIDE[type as ErrorType];
  if (command === undefined || command === 'waggle --help') return undefined;
  const words = new Map([
    ['SESSION', params.session],
    ['PROPOSAL', params.proposal],
    ['MODEL', params.voter ?? params.model ?? params.id],
  ]);
  // The guide names the home that has the token; who named a daemon knows better.
  const asked = flags === '' ? command : command.replace(' --home DIR', '');
  const filled = asked.replace(/\b(?:SESSION|PROPOSAL|MODEL)\b/g, (word) => String(words.get(word) ?? word));
  if (!ASKING.test(filled)) return filled;
  const takesSpace = /^waggle (?:session|proposal|ballot list|tally|vote)\b/.test(filled);
  const space = takesSpace && params.space !== undefined && params.space !== 'main' ? ` --space ${params.space}` : '';
  return plain(`${filled}${space}${flags}`);
}

/** What to say of a refusal: the message of the daemon, with methods as commands. */
export function refusalLine(message: string, path: unknown): string {
  return `${forPeople(message)}${path === undefined ? '' : ` (${String(path)})`}`;
}
