import { EXIT } from '../exit-codes.ts';
import { CLIENT, COMMANDS, HOMES } from './command-codes.ts';
import { DAEMON, NETWORK } from './daemon-codes.ts';
import { code, type FailureCode } from './failure-code.ts';

/** Every code that commands and daemon end with or log, by its whole name. */
export const FAILURE_CODES: ReadonlyMap<string, FailureCode> = new Map(
  [...COMMANDS, ...CLIENT, ...HOMES, ...DAEMON, ...NETWORK].map(([name, entry]) => [`WAGGLE_${name}`, entry]),
);

const UNREADABLE = code(
  EXIT.data,
  'bytes that are not what they should be',
  'a damaged or edited file, or a peer of another version',
  'take the file from its source again; compare the versions of the nodes',
);

/** Areas of which a single code says no more to people than all of them. */
const AREAS: readonly [prefix: string, entry: FailureCode][] = [
  'BALLOT',
  'BLOCK',
  'CBOR',
  'CERTIFICATE',
  'CHECKPOINT',
  'CODEC',
  'EVIDENCE',
  'INVITE',
  'MESSAGE',
  'OPERATION',
  'RECEIPT',
  'SEGMENT',
  'SNAPSHOT',
  'VOTE',
].map((area) => [`WAGGLE_${area}_`, UNREADABLE]);

/** What a code means: its own line, else that of its area; undefined for what is no code of ours. */
export function failureCode(name: string): FailureCode | undefined {
  return FAILURE_CODES.get(name) ?? AREAS.find(([prefix]) => name.startsWith(prefix))?.[1];
}
