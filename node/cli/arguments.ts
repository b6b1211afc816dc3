import { Option } from 'commander';
import { WaggleError } from '../../protocol/errors.ts';
import { isId, toId } from '../../protocol/ids.ts';
import { nearestName } from '../../protocol/nearest.ts';

/** A whole number option. @throws WaggleError WAGGLE_CLI_USAGE */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw usage(`${name} ${text}: a whole number ${min}…${max} is needed`);
  };
}

/** An id as the ledger has it; another spelling is taken with its lower-case form. @throws WaggleError WAGGLE_CLI_USAGE */
export function idArgument(what: string): (text: string) => string {
  return (text) => {
    const id = isId(text) ? text : toId(text);
    if (id !== undefined) return id;
    throw usage(`${what} '${text}' is no id: lower-case letters, digits, dots, hyphens, underscores, at most 64`);
  };
}

/** One of a list of words. @throws WaggleError WAGGLE_CLI_USAGE, with the word that may have been meant */
export function oneOf<Word extends string>(name: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    const meant = nearestName(text, words);
    const suggestion = meant === undefined ? '' : ` (Did you mean ${meant}?)`;
    throw usage(`${name} ${text}: one of ${words.join(', ')}${suggestion}`, undefined, { written: text, meant });
  };
}

/** An option that takes one of a list of words; help and completion list them. */
export function wordOption<Word extends string>(flags: string, description: string, words: readonly Word[]): Option {
  return new Option(flags, description).choices(words).argParser(oneOf(flags.split(/[ ,]/)[0] ?? flags, words));
}

const HASH = /^[0-9a-f]{64}$/;

/** A hash or key, 64 digits of hex. @throws WaggleError WAGGLE_CLI_USAGE */
export function hashArgument(what: string, rule = '64 digits of hex are needed'): (text: string) => string {
  return (text) => {
    const lower = text.toLowerCase();
    if (HASH.test(lower)) return lower;
    const why = /^[0-9a-f]*…/.test(lower) ? 'that one was cut to fit a table: -o json shows it whole' : '';
    throw usage(`${what} '${text}': ${rule}${why === '' ? '' : `; ${why}`}`);
  };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/;

/** A time, RFC 3339 in UTC. @throws WaggleError WAGGLE_CLI_USAGE */
export function timeArgument(name: string): (text: string) => string {
  return (text) => {
    const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(ms)) return new Date(ms).toISOString();
    throw usage(`${name} ${text}: a time in UTC is needed, such as 2040-01-31T12:00:00Z`);
  };
}

export const STANCES = ['approve', 'reject', 'abstain'] as const;
export type Choice = number | (typeof STANCES)[number];

/** A score 1…10, or a word: what JSON-RPC takes bare. @throws WaggleError WAGGLE_CLI_USAGE */
export function choiceArgument(text: string): Choice {
  if (/^(?:[1-9]|10)$/.test(text)) return Number(text);
  const word = text.toLowerCase();
  const stance = STANCES.find((one) => one === word);
  if (stance !== undefined) return stance;
  const meant = nearestName(word, STANCES);
  const suggestion = meant === undefined || /^[-+.\d]+$/.test(word) ? '' : ` (Did you mean ${meant}?)`;
  throw usage(`choice '${text}': a weight 1…10, or one of ${STANCES.join(', ')}${suggestion}`);
}

/** What whoever runs the program adds: the help of the command that was typed, with an example. */
export function usage(
  reason: string,
  next?: string,
  facts: Readonly<Record<string, string | undefined>> = {},
): WaggleError {
  return new WaggleError('WAGGLE_CLI_USAGE', { reason, ...(next === undefined ? {} : { next }), ...facts });
}
