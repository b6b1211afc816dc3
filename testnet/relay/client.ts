import { WaggleError } from '../../protocol/errors.ts';
import { dirFlagOf } from '../network/state.ts';
import type { LinkRule } from './line.ts';
import type { LinkChange, LinkStatus } from './relay.ts';
import { readRelayFile } from './relay-file.ts';
import { between, partition } from './topology.ts';

/** What can be done to the links of a network made with --faults. Rules add up until `heal`. */
export interface RelayClient {
  /** Groups that hear only themselves; nodes in none of them are one more group. */
  partition(...groups: readonly (readonly string[])[]): Promise<void>;
  /** Bytes from these to those are held; what comes back still does. */
  cut(from: readonly string[], to: readonly string[]): Promise<void>;
  /** Delay, jitter, loss or rate, in this direction; of all links by default. */
  shape(rule: Partial<LinkRule>, from?: readonly string[], to?: readonly string[]): Promise<void>;
  change(changes: readonly LinkChange[]): Promise<void>;
  /** All links as they were made. */
  heal(): Promise<void>;
  links(): Promise<LinkStatus[]>;
}

const TIMEOUT_MS = 15_000;

/** @throws WaggleError WAGGLE_CLI_USAGE the network has no relay, with what to type for one that has */
export async function connectRelay(directory: string, names: readonly string[]): Promise<RelayClient> {
  const file = await readRelayFile(directory);
  if (file === undefined) throw noRelay(directory);
  const { port, token } = file.control;
  const ask = async (method: string, path: string, body?: object): Promise<LinkStatus[]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      const reason = `the relay of this network does not answer (${error instanceof Error ? error.message : 'failed'})`;
      const next = `waggle testnet up --detach${dirFlagOf(directory)}`;
      throw new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason, next });
    });
    const answer = (await response.json()) as LinkStatus[] | { readonly error: string };
    if (Array.isArray(answer)) return answer;
    throw new WaggleError('WAGGLE_CLI_USAGE', { reason: `the relay refused: ${answer.error}` });
  };
  const change = async (changes: readonly LinkChange[]) => void (await ask('POST', '/rules', changes));
  return {
    partition: (...groups) => change(partition(names, groups)),
    cut: (from, to) => change(between(from, to, { cut: true })),
    shape: (rule, from = names, to = names) => change(between(from, to, rule)),
    change,
    heal: async () => void (await ask('POST', '/heal')),
    links: () => ask('GET', '/links'),
  };
}

function noRelay(directory: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_USAGE', {
    reason: `the network in ${directory} was made without --faults: its nodes talk to each other directly`,
    next: 'waggle testnet up --faults --detach --dir ./faults',
  });
}
