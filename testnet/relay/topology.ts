import { WaggleError } from '../../protocol/errors.ts';
import type { LinkRule } from './line.ts';
import type { LinkChange } from './relay.ts';

/** The same change for every direction from one of `from` to one of `to`. */
export function between(from: readonly string[], to: readonly string[], rule: Partial<LinkRule>): LinkChange[] {
  return from.flatMap((one) => to.flatMap((other) => (one === other ? [] : [{ from: one, to: other, rule }])));
}

/** Groups that hear only themselves; nodes in none of them are one more group. Other directions are no longer cut. */
export function partition(names: readonly string[], groups: readonly (readonly string[])[]): LinkChange[] {
  const groupOf = new Map(groups.flatMap((group, at) => group.map((name) => [name, at] as const)));
  const of = (name: string) => groupOf.get(name) ?? groups.length;
  return between(names, names, {}).map(({ from, to }) => ({ from, to, rule: { cut: of(from) !== of(to) } }));
}

/** `A,B/C,D` as groups of names. @throws WaggleError WAGGLE_CLI_USAGE */
export function parseGroups(text: string, names: readonly string[]): string[][] {
  const groups = text.split('/').map((group) => parseNames(group, names));
  const all = groups.flat();
  const twice = all.find((name, at) => all.indexOf(name) !== at);
  if (twice !== undefined) throw usage(`${twice} is in two groups`);
  return groups;
}

/** `A,B` as names of nodes there are. @throws WaggleError WAGGLE_CLI_USAGE */
export function parseNames(text: string, names: readonly string[]): string[] {
  const found = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const unknown = found.find((name) => !names.includes(name));
  if (unknown !== undefined) throw usage(`there is no node '${unknown}': ${names.join(', ')}`);
  if (found.length === 0) throw usage(`no node named: ${names.join(', ')}`);
  return found;
}

function usage(reason: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_USAGE', { reason });
}
