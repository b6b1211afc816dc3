import { FAILURE_CODES } from '../../node/cli/codes/all.ts';
import type { FailureCode } from '../../node/cli/codes/failure-code.ts';
import { ERRORS, type ErrorEntry, type ErrorType } from '../../node/rpc/error-codes.ts';
import { ERROR_GUIDE } from '../../node/rpc/error-guide.ts';
import { errorObject, RpcError } from '../../node/rpc/rpc-error.ts';
import { blocks, code, fence, GENERATED, json, type Page, table } from './markdown.ts';

const FAMILIES: readonly [title: string, includes: (code: number) => boolean][] = [
  ['JSON-RPC 2.0 and this door', (number) => number < 0],
  ['1xxx Chain', (number) => family(number) === 1],
  ['2xxx Space and session', (number) => family(number) === 2],
  ['3xxx Proposal', (number) => family(number) === 3],
  ['4xxx Ballot', (number) => family(number) === 4],
  ['5xxx Tally and proof', (number) => family(number) === 5],
  ['6xxx Identity and permission', (number) => family(number) === 6],
  ['7xxx Network', (number) => family(number) === 7],
  ['8xxx Storage', (number) => family(number) === 8],
];

function family(number: number): number {
  return number > 0 ? Math.floor(number / 1_000) : 0;
}

/** docs/errors.md: the public table of errors, and the codes that commands and daemon end with. */
export const errorsPage: Page = {
  path: 'docs/errors.md',
  render: () =>
    blocks(
      '# Errors',
      GENERATED,
      'Numbers, types and codes on this page are public: a line is added, never changed or taken away.\n`npx waggle explain CODE` prints a line in full, with an example.',
      '## JSON-RPC',
      'An error has the form below; `data.type` is what a program compares. `retryable` says that nothing was taken and the same call may\nsucceed later, after `retryAfterMs` where it is given. `path` names the fault in the params. Text is for people and may change.',
      fence('json', json(example('ballot.invalid-choice'))),
      ...FAMILIES.map(([title, includes]) => familyBlock(title, includes)),
      '## Commands and daemon',
      'A command that fails says one line and what to do next, and ends with the exit code shown. The code is in `npx waggle explain`, in the\nlog of a daemon, and behind `WAGGLE_DEBUG=1`.',
      codesTable([...FAILURE_CODES]),
      'Codes of the areas `BALLOT`, `BLOCK`, `CBOR`, `CERTIFICATE`, `CHECKPOINT`, `CODEC`, `INVITE`, `MESSAGE`, `OPERATION`, `SEGMENT` and\n`VOTE` (`WAGGLE_CODEC_SHORT` and the like) name bytes that are not what they should be: a damaged file, or a peer of another version.',
    ),
};

function example(type: ErrorType): object {
  return errorObject(new RpcError(type, ERROR_GUIDE[type].example));
}

function familyBlock(title: string, includes: (code: number) => boolean): string {
  const rows = (Object.entries(ERRORS) as [ErrorType, ErrorEntry][])
    .filter(([, { code: number }]) => includes(number))
    .sort(([, a], [, b]) => Math.abs(a.code) - Math.abs(b.code))
    .map(([type, { code: number, meaning, hint, retryable }]) => {
      const { cause, command } = ERROR_GUIDE[type];
      const next = command === undefined ? hint : `${hint}; ${code(command)}`;
      return [String(number).replace('-', '−'), code(type), meaning, cause, next, retryable ? 'yes' : ''];
    });
  return `### ${title}\n\n${table(['code', 'type', 'meaning', 'usually', 'what to do', 'retryable'], rows)}`;
}

function codesTable(codes: readonly [string, FailureCode][]): string {
  const rows = codes.map(([name, { exit, meaning, cause, next, retryable }]) => [
    code(name),
    String(exit),
    meaning,
    cause,
    next,
    retryable ? 'yes' : '',
  ]);
  return table(['code', 'exit', 'meaning', 'usually', 'what to do', 'retryable'], rows);
}
