import type { Replica } from './replica-state.ts';
import { tellPast } from './simplex/fence-state.ts';
import type { FetchRequest, Message } from './types.ts';

/** Answers are bounded whatever is asked (R-05; pitfall 8). */
const CERTIFICATES_MAX = 64;
const SEGMENTS_MAX = 64;

/**
 * What memory holds of a request. What is executed and older is the archive's (the driver's store) to answer; who cannot
 * serve answers nothing.
 */
export function answer(replica: Replica, request: FetchRequest): Message[] {
  // Views and chains of another epoch have the same numbers and are others.
  if ((request.epoch ?? 0) !== replica.config.roster.epoch) return [];
  switch (request.kind) {
    case 'fetch-certificates':
      return certificates(replica, request.from, request.to);
    case 'fetch-block': {
      const block = replica.tree.body(request.hash);
      return block === undefined ? [] : [{ kind: 'block', block }];
    }
    case 'fetch-segments':
      return segments(replica, request);
    case 'fetch-final':
      return [];
    case 'fetch-past':
      return tellPast(replica, request.nonce);
  }
}

/** For each view of the range: finalization over notarization, and the nullification. Only the kinds there are. */
function certificates(replica: Replica, from: number, to: number): Message[] {
  const messages: Message[] = [];
  const last = Math.min(to, from + CERTIFICATES_MAX - 1);
  for (const { view } of replica.views.ascending()) {
    if (view < from || view > last || messages.length >= CERTIFICATES_MAX) continue;
    const best = replica.views.blockCertificate(view);
    const nullification = replica.views.certificate(view, 'nullify');
    if (best !== undefined) messages.push({ kind: 'certificate', certificate: best });
    if (nullification !== undefined) messages.push({ kind: 'certificate', certificate: nullification });
  }
  const { finalization } = replica;
  if (messages.length === 0 && finalization !== undefined && finalization.view >= from) {
    messages.push({ kind: 'certificate', certificate: finalization });
  }
  return messages;
}

/**
 * Descending from the wanted tip along its fork where one is named: each arrival names its parent, so a forked run is
 * taken in one answer. Ascending otherwise, so that each links to the one before.
 */
function segments(replica: Replica, request: Extract<FetchRequest, { kind: 'fetch-segments' }>): Message[] {
  const { shard, author, to, tip } = request;
  const chain = replica.chains.find(shard, author);
  if (chain === undefined) return [];
  const from = Math.max(request.from, chain.executed.height + 1);
  const messages: Message[] = [];
  let wanted = tip;
  for (let height = Math.min(to, chain.highest()); height >= from && messages.length < SEGMENTS_MAX; height--) {
    const segment = wanted === undefined ? chain.at(height)[0] : chain.get(wanted);
    if (segment === undefined) {
      if (wanted !== undefined) break;
      continue;
    }
    messages.push({ kind: 'segment', segment });
    if (wanted !== undefined) wanted = segment.header.parent;
  }
  return tip === undefined ? messages.reverse() : messages;
}
