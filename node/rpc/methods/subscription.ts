import { z } from 'zod';
import { checkFilter, filterField, TOPICS } from '../feeds/topics.ts';
import { out } from '../fields.ts';
import { type Caller, defineMethod, type Subscriber } from '../method.ts';
import { RpcError } from '../rpc-error.ts';
import { findSession } from './session.ts';

export const subSubscribe = defineMethod('sub_subscribe', {
  summary:
    'WebSocket only. Events of a topic as sub_event {subscription, seq, result}. head: every executed block; ballots: what became of the ballots of a block; session: sessions a block opened, changed or ended; tally: the tally after a block that touched it, the newest alone for a slow reader; agent: what the metrics agent of this node decided; alert: what this node has to say of itself. seq is the height of the block (of agent and alert: a count since epoch), and fromSeq resumes, at any node. A slow reader gets {subscription, seq, lagged: {from, to}} in place of what it missed.',
  params: z.strictObject({
    topic: z.enum(TOPICS),
    filter: filterField.default({}),
    fromSeq: z.int().min(1).optional(),
    epoch: z.string().max(64).optional(),
  }),
  result: z.strictObject({
    subscription: z.string(),
    /** The first event will be after this one. */
    seq: out.count,
    epoch: z.string().optional(),
  }),
  handle: ({ topic, filter, fromSeq, epoch }, desk, caller) => {
    const subscriber = subscriberOf(caller);
    const wanted = checkFilter(topic, filter);
    if (topic === 'tally') findSession(desk.api.state(), wanted.space ?? '', wanted.session ?? '');
    return subscriber.subscribe({ topic, filter: wanted, fromSeq, epoch });
  },
});

export const subUnsubscribe = defineMethod('sub_unsubscribe', {
  summary: 'WebSocket only. Answers whether there was such a subscription.',
  params: z.strictObject({ subscription: z.string().max(64) }),
  result: z.boolean(),
  handle: ({ subscription }, _desk, caller) => subscriberOf(caller).unsubscribe(subscription),
});

function subscriberOf({ subscriber }: Caller): Subscriber {
  if (subscriber === undefined) throw new RpcError('method.unknown', { hint: 'only over WebSocket, at /v1/ws' });
  return subscriber;
}
