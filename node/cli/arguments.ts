import { WaggleError } from '../../protocol/errors.ts';
import { isId, toId } from '../../protocol/ids.ts';

/** A whole number option. @throws WaggleError WAGGLE_CLI_USAGE */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw usage(`${name} ${text}: a whole number ${min}…${max} is needed`, `${name} ${min}`);
  };
}

/** An id as the ledger has it; another spelling is taken with its lower-case form. @throws WaggleError WAGGLE_CLI_USAGE */
export function idArgument(what: string): (text: string) => string {
  return (text) => {
    const id = isId(text) ? text : toId(text);
    if (id !== undefined) return id;
    throw usage(`${what} '${text}' is no id: lower-case letters, digits, dots, hyphens, underscores`, 'waggle --help');
  };
}

/** One of a list of words. @throws WaggleError WAGGLE_CLI_USAGE */
export function oneOf<Word extends string>(name: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw usage(`${name} ${text}: ${words.join(', ')}`, `${name} ${words[0]}`);
  };
}

/** A score 1…10, or a word: what JSON-RPC takes bare. @throws WaggleError WAGGLE_CLI_USAGE */
export function choiceArgument(text: string): number | string {
  if (/^(?:[1-9]|10)$/.test(text)) return Number(text);
  const word = text.toLowerCase();
  if (word === 'approve' || word === 'reject' || word === 'abstain') return word;
  throw usage(`choice '${text}': a weight 1…10, or approve, reject, abstain`, 'waggle session show SESSION');
}

export function usage(reason: string, next: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_USAGE', { reason, next });
}
