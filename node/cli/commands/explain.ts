import { usage } from '../arguments.ts';
import { emit, type OutputFormat } from '../output.ts';
import type { CliContext } from '../program.ts';

/** `waggle explain CODE`: a number (4001) or a type (ballot.closed) of the table of errors. */
export async function explain(code: string, output: OutputFormat, { io }: CliContext): Promise<void> {
  const { ERRORS } = await import('../../rpc/error-codes.ts');
  const found = Object.entries(ERRORS).find(([type, entry]) => type === code || String(entry.code) === code);
  if (found === undefined) {
    const near = Object.entries(ERRORS).find(([type]) => type.startsWith(code.split('.')[0] ?? code));
    throw usage(`no error has the code '${code}'`, `waggle explain ${near?.[0] ?? 'ballot.closed'}`);
  }
  const [type, entry] = found;
  emit(io, output, { type, ...entry }, () => ({
    title: `${entry.code} ${type}`,
    columns: [],
    rows: [],
    notes: [
      `${entry.meaning}.`,
      `What to do: ${entry.hint}.`,
      entry.retryable ? 'Nothing was taken: the same call may succeed later.' : 'The same call will fail again.',
    ],
    next: 'waggle status',
  }));
}
