import type { Delivery, ExecutedBlock } from '../../consensus/types.ts';
import type { Standing } from '../../protocol/chain/standing.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import type { Counters } from '../network/counters.ts';
import { violationError } from './failure.ts';
import type { Head } from './head.ts';
import { changeOf, checkpointChange } from './ledger-change.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import type { SeatedSubmissions } from './seated-submissions.ts';
import type { SubmitService } from './submissions.ts';

export interface DeliveryParts {
  readonly state: GovernanceState;
  readonly writer: LedgerWriter;
  readonly submissions: SubmitService & Pick<SeatedSubmissions, 'carry'>;
  readonly head: Head;
  readonly counters: Counters;
  readonly onStanding: (standing: Standing) => void;
  readonly onEvidence: (evidence: Extract<Delivery, { kind: 'evidence' }>) => void;
}

/**
 * Hand on what a turn delivered. The ledger comes first, so that whoever hears of a block can read it.
 * @throws WaggleError WAGGLE_DRIVER_VIOLATION
 */
export function handOn(deliveries: readonly Delivery[], parts: DeliveryParts): void {
  const { state, writer, submissions, head, counters } = parts;
  const executed = deliveries.flatMap((one) => (one.kind === 'executed' ? [one.executed] : []));
  if (executed.length > 0) writer.put(changeOf(executed, state));
  count(executed, counters);
  for (const delivery of deliveries) {
    switch (delivery.kind) {
      case 'sealed':
      case 'busy':
        submissions.take(delivery);
        break;
      case 'carry':
        submissions.carry(delivery.shard, delivery.item, delivery.id);
        break;
      case 'finalized':
        counters.bump('finalized');
        head.finalized(delivery.height, delivery.certificate);
        break;
      case 'executed':
        head.executed(delivery.executed.anchor, delivery.executed.certificate);
        submissions.take(delivery);
        break;
      case 'checkpoint':
        counters.bump('checkpoint.proven');
        writer.put(checkpointChange(delivery.signed));
        break;
      case 'refused':
        counters.bump(`refused.${delivery.reason}`);
        break;
      case 'evidence':
        counters.bump('evidence');
        parts.onEvidence(delivery);
        break;
      case 'standing':
        counters.bump(delivery.standing.muted ? 'standing.muted' : 'standing.restarted');
        parts.onStanding(delivery.standing);
        break;
      case 'violation':
        throw violationError(delivery.invariant, delivery.facts);
    }
  }
}

function count(executed: readonly ExecutedBlock[], counters: Counters): void {
  counters.bump('executed.blocks', executed.length);
  for (const { segments } of executed) {
    counters.bump('executed.segments', segments.length);
    for (const { items } of segments) {
      for (const { outcome } of items) counters.bump(`executed.items.${outcome}`);
    }
  }
}
