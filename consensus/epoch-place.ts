import type { Replica } from './replica-state.ts';

/** The epoch as requests and their answers carry it: absent in the first. */
export function ofEpoch({ config }: Pick<Replica, 'config'>): { readonly epoch?: number } {
  const { epoch } = config.roster;
  return epoch === 0 ? {} : { epoch };
}

/**
 * N-03: whether the epoch is over here and its last block executed. Nothing more is signed until the driver has made that
 * durable and called `beginEpoch`.
 */
export function isEpochOver({ executed, config }: Pick<Replica, 'executed' | 'config'>): boolean {
  return executed.epoch > config.roster.epoch;
}

/** Whether the replica knows only the roster of its epoch, and its state is of an earlier one (O-04). */
export function isAwaitingState({ executed, config }: Pick<Replica, 'executed' | 'config'>): boolean {
  return executed.epoch < config.roster.epoch;
}
