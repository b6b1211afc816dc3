import { z } from 'zod';
import { out } from '../fields.ts';
import { type Caller, defineMethod, type Subscriber } from '../method.ts';
import { RpcError } from '../rpc-error.ts';

export const subSubscribe = defineMethod('sub_subscribe', {
  summary:
    'WebSocket only. Topic head: every executed block as sub_event {subscription, seq, result}, seq being its height; fromSeq resumes. A slow reader gets sub_event {subscription, seq, lagged: {from, to}} in place of what it missed.',
  params: z.strictObject({ topic: z.enum(['head']), fromSeq: z.int().min(1).optional() }),
  result: z.strictObject({
    subscription: z.string(),
    /** The first event will be after this one. */
    seq: out.count,
  }),
  handle: ({ topic, fromSeq }, _desk, caller) => subscriberOf(caller).subscribe(topic, fromSeq),
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
