import type { Choice } from '../../../protocol/governance/types.ts';
import { type Id, isId } from '../../../protocol/ids.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { bytesOfHex, isHexOf, isShortText, isTime } from '../fields.ts';
import type { BallotParams } from './ballot-submit.ts';

/*
 * Nearly all calls of a busy node are ballots as they should be. These are read here by hand, for a tenth of what the
 * schema takes; whatever is not as usual is left to the schema, which alone refuses, so that there is one set of words.
 */

/** The params of a usual ballot, exactly as the schema reads them; undefined for the schema to decide. */
export function readUsualBallot(named: object): BallotParams | undefined {
  const { space, session, voter, entries, await: level = 'final' } = named as Fields;
  if (!isIdText(space) || !isIdText(session) || !isIdText(voter) || !isLevel(level)) return undefined;
  const own = readEntries(entries);
  return own && readMore({ space, session, voter, entries: own, await: level }, named as Fields);
}

type Fields = Readonly<Record<string, unknown>>;
type Mutable<Of> = { -readonly [Key in keyof Of]: Of[Key] };

function isIdText(value: unknown): value is Id {
  return typeof value === 'string' && isId(value);
}

function isLevel(value: unknown): value is BallotParams['await'] {
  return value === 'final' || value === 'accepted' || value === 'receipt';
}

const READ: ReadonlySet<string> = new Set(['space', 'session', 'voter', 'entries', 'await']);

/** What goes with a signature, and nothing else. */
function readMore(read: Mutable<BallotParams>, named: Fields): BallotParams | undefined {
  for (const key in named) {
    if (READ.has(key)) continue;
    const value = named[key];
    if (typeof value !== 'string') return undefined;
    if ((key === 'notAfter' || key === 'time') && isTime(value)) read[key] = Date.parse(value);
    else if (key === 'previous' && isHexOf(value, 32)) read.previous = bytesOfHex(value);
    else if (key === 'signature' && isHexOf(value, 64)) read.signature = bytesOfHex(value);
    else return undefined;
  }
  return read;
}

function readEntries(given: unknown): BallotParams['entries'] | undefined {
  if (!Array.isArray(given) || given.length === 0 || given.length > LIMITS.ballotEntriesMax) return undefined;
  const entries: BallotParams['entries'] = [];
  for (const one of given as unknown[]) {
    const entry = readEntry(one);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

function readEntry(given: unknown): BallotParams['entries'][number] | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  const { proposal, choice } = given as Fields;
  const read = readChoice(choice);
  if (!isIdText(proposal) || read === undefined) return undefined;
  const entry: Mutable<BallotParams['entries'][number]> = { proposal, choice: read };
  for (const key in given) {
    if (key === 'proposal' || key === 'choice') continue;
    const text = (given as Fields)[key];
    if ((key !== 'comment' && key !== 'veto') || typeof text !== 'string') return undefined;
    if (!isShortText(text, LIMITS.commentBytesMax)) return undefined;
    entry[key] = text;
  }
  return entry;
}

/** The short forms alone. */
function readChoice(given: unknown): Choice | undefined {
  if (typeof given === 'number') {
    return Number.isInteger(given) && given >= 1 && given <= 10 ? { method: 'score', weight: given } : undefined;
  }
  const isStance = given === 'approve' || given === 'reject' || given === 'abstain';
  return isStance ? { method: 'stance', stance: given } : undefined;
}
