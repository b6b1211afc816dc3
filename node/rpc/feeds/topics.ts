import { z } from 'zod';
import type { Desk } from '../desk.ts';
import { id } from '../fields.ts';
import { renderHead } from '../methods/chain.ts';
import { renderTally } from '../methods/tally.ts';
import type { HeadFacts } from '../node-api.ts';
import { toTime } from '../render.ts';
import { RpcError } from '../rpc-error.ts';
import type { BlockEventsSource } from './block-events.ts';
import type { ReadHeight } from './feed.ts';

/*
 * The topics of the ledger and what each says of a block. Only what is here has a name outside: a new topic is a new line.
 */

export const TOPICS = ['head', 'ballots', 'tally', 'session', 'agent', 'alert'] as const;
export type Topic = (typeof TOPICS)[number];
/** Those of blocks; the others are about the node. */
export type LedgerTopic = Exclude<Topic, 'agent' | 'alert'>;

/** What a subscriber may say of the events it wants; which fields a topic knows and needs is said below. */
export const filterField = z.strictObject({ space: id.optional(), session: id.optional(), voter: id.optional() });
type Field = keyof z.output<typeof filterField>;

const FIELDS: Readonly<Record<Topic, { readonly needed: readonly Field[]; readonly known: readonly Field[] }>> = {
  head: { needed: [], known: [] },
  ballots: { needed: ['space'], known: ['space', 'session', 'voter'] },
  tally: { needed: ['space', 'session'], known: ['space', 'session'] },
  session: { needed: [], known: ['space', 'session'] },
  agent: { needed: [], known: [] },
  alert: { needed: [], known: [] },
};

/** @throws RpcError params.invalid: a field this topic does not know, or one it needs */
export function checkFilter(topic: Topic, filter: z.output<typeof filterField>): Filter {
  const { needed, known } = FIELDS[topic];
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  for (const [field] of given) {
    if (known.some((one) => one === field)) continue;
    throw new RpcError('params.invalid', { path: `filter.${field}`, detail: `topic ${topic} has no such field` });
  }
  for (const field of needed) {
    if (filter[field] === undefined) {
      throw new RpcError('params.invalid', { path: `filter.${field}`, detail: `topic ${topic} needs it` });
    }
  }
  return Object.fromEntries(given);
}

type Filter = Readonly<Partial<Record<'space' | 'session' | 'voter', string>>>;

/** Whether every field that the filter names is equal. */
function fits(filter: Filter, event: Filter): boolean {
  const { space, session, voter } = filter;
  if (space !== undefined && space !== event.space) return false;
  if (session !== undefined && session !== event.session) return false;
  return voter === undefined || voter === event.voter;
}

/** How a topic reads one height. A tally is rendered as it is now: it is a state, not a history. */
export function readerOf(topic: LedgerTopic, filter: Filter, desk: Desk, events: BlockEventsSource): ReadHeight {
  switch (topic) {
    case 'head':
      return async (height, head) => {
        const block: HeadFacts | undefined = height === head.height ? head : await desk.api.block({ height });
        return block === undefined ? undefined : renderHead(block);
      };
    case 'ballots':
      return async (height) => {
        const found = await events.at(height);
        const ballots = found?.ballots.filter((one) => fits(filter, one)) ?? [];
        return found === undefined || ballots.length === 0
          ? undefined
          : { height, time: toTime(found.timeMs), ballots };
      };
    case 'session':
      return async (height) => {
        const found = await events.at(height);
        const sessions = found?.sessions.filter((one) => fits(filter, one)) ?? [];
        return found === undefined || sessions.length === 0
          ? undefined
          : { height, time: toTime(found.timeMs), sessions };
      };
    case 'tally':
      return async (height) => {
        const found = await events.at(height);
        const isTouched = [...(found?.ballots ?? []), ...(found?.sessions ?? [])].some((one) =>
          fits(
            { space: filter.space ?? '', session: filter.session ?? '' },
            { space: one.space, session: one.session },
          ),
        );
        return isTouched ? renderTally(desk, filter.space ?? '', filter.session ?? '') : undefined;
      };
  }
}
