import { nearestName } from '../../../protocol/nearest.ts';
import type { ErrorType } from '../../rpc/error-codes.ts';
import { usage } from '../arguments.ts';
import { FAILURE_CODES, failureCode } from '../codes/all.ts';
import { emit, type OutputFormat, type Screen } from '../output.ts';
import type { CliContext } from '../program.ts';
import { plain } from '../table.ts';

/** What `-o json` prints of an error of JSON-RPC. */
interface ErrorExplained {
  readonly type: ErrorType;
  readonly code: number;
  readonly meaning: string;
  readonly cause: string;
  readonly hint: string;
  readonly command?: string;
  readonly retryable: boolean;
  /** The error object of a typical answer. */
  readonly example: unknown;
}

/** `waggle explain CODE`: a number (4001) or a type (ballot.closed) of JSON-RPC, or a WAGGLE_… code of a command or daemon. */
export async function explain(code: string, output: OutputFormat, { io }: CliContext): Promise<void> {
  const wanted = code.trim().replace(/^client\./, 'WAGGLE_CLIENT_');
  if (/^WAGGLE_/i.test(wanted)) {
    explainCode(wanted.toUpperCase(), output, io);
    return;
  }
  const { ERRORS } = await import('../../rpc/error-codes.ts');
  const types = Object.keys(ERRORS) as ErrorType[];
  // A minus as people write it, U+2212, is the same number.
  const number = wanted.replace('−', '-');
  const found = types.find((type) => type === wanted.toLowerCase() || String(ERRORS[type].code) === number);
  if (found === undefined) throw unknown(wanted, [...types, ...types.map((type) => String(ERRORS[type].code))]);
  const explained = await describe(found);
  emit(io, output, explained, () => screenOf(explained));
}

async function describe(type: ErrorType): Promise<ErrorExplained> {
  const [{ ERRORS }, { ERROR_GUIDE }, { errorObject, RpcError }] = await Promise.all([
    import('../../rpc/error-codes.ts'),
    import('../../rpc/error-guide.ts'),
    import('../../rpc/rpc-error.ts'),
  ]);
  const { cause, command, example } = ERROR_GUIDE[type];
  const { code, meaning, hint, retryable } = ERRORS[type];
  const typical = errorObject(new RpcError(type, example));
  return { type, code, meaning, cause, hint, ...(command ? { command } : {}), retryable, example: typical };
}

function screenOf({ type, code, meaning, cause, hint, command, retryable, example }: ErrorExplained): Screen {
  return {
    title: `${code} ${type}`,
    columns: [],
    rows: [],
    notes: [
      `Meaning:    ${meaning}.`,
      `Usually:    ${cause}.`,
      `What to do: ${hint}.`,
      `Try again:  ${retryText(type, retryable)}`,
      `Example:    ${JSON.stringify(example)}`,
    ],
    next: command ?? 'waggle status',
  };
}

function retryText(type: ErrorType, retryable: boolean): string {
  if (type === 'request.timeout') return 'yes, with the same bytes: what was submitted counts once.';
  if (type === 'internal') return 'first ask what became of it: it may have been done.';
  return retryable ? 'yes: nothing was taken, the same call may succeed later.' : 'no: the same call will fail again.';
}

function explainCode(code: string, output: OutputFormat, io: CliContext['io']): void {
  const found = failureCode(code);
  if (found === undefined) throw unknown(code, [...FAILURE_CODES.keys()]);
  const { meaning, cause, next, retryable, exit } = found;
  emit(io, output, { code, meaning, cause, next, retryable, exit }, () => ({
    title: code,
    columns: [],
    rows: [],
    notes: [
      `Meaning:    ${meaning}.`,
      `Usually:    ${cause}.`,
      `What to do: ${next}.`,
      `Try again:  ${retryable ? 'yes: it may pass by itself.' : 'no: something must change first.'}`,
      `Exit code:  ${exit}`,
    ],
    next: next.startsWith('waggle ') ? (next.split(/[,;]/)[0] ?? next) : 'waggle status',
  }));
}

/** @throws WaggleError WAGGLE_CLI_USAGE, with what may have been meant */
function unknown(code: string, known: readonly string[]) {
  const lower = code.toLowerCase();
  const inside = known.find((name) => lower.length > 2 && name.toLowerCase().split(/[._]/).includes(lower));
  const meant = nearestName(code, known) ?? inside ?? known.find((name) => name.startsWith(`${lower.split('.')[0]}.`));
  const suggestion = meant === undefined ? '' : `, did you mean ${meant}?`;
  return usage(
    `no error has the code '${plain(code).slice(0, 80)}'${suggestion}`,
    `waggle explain ${meant ?? 'ballot.closed'}`,
  );
}
