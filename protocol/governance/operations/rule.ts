import type { CborValue } from '../../codec/cbor.ts';
import { LIMITS } from '../../limits.ts';
import type { Elector, Fraction, ProposalRecord, QuorumRule, SessionRule, ThresholdRule, VetoRule } from '../types.ts';
import {
  bodyFault,
  compact,
  Fields,
  mapEntries,
  type Read,
  readBoolean,
  readFraction,
  readId,
  readText,
  readWhole,
  readWord,
} from './fields.ts';

const readPercent = readFraction(100, LIMITS.fractionPartMax);
const readShare = readFraction(1, LIMITS.fractionPartMax);
export const readRole = readText(LIMITS.roleBytesMax);
export const readCategory = readText(LIMITS.titleBytesMax);

/** Percents by name. Built with fromEntries, which defines each name as a field of its own whatever it is. */
function readPercents(readName: Read<string>): Read<Readonly<Record<string, Fraction>>> {
  return (value, field) => {
    const entries = mapEntries(value, field);
    if (entries.length > LIMITS.proposalsMax) throw bodyFault(field);
    return Object.fromEntries(
      entries.map(([name, percent]) => [readName(name, field), readPercent(percent, `${field}.${name}`)]),
    );
  };
}

function readThreshold(value: CborValue, field: string): ThresholdRule {
  const fields = new Fields(value, `${field}.`);
  const threshold = compact<ThresholdRule>({
    op: fields.required('op', readWord('>=', '>')),
    percent: fields.required('percent', readPercent),
    byCategory: fields.optional('byCategory', readPercents(readCategory)),
    byProposal: fields.optional('byProposal', readPercents(readId)),
  });
  fields.end();
  return threshold;
}

function readQuorum(value: CborValue, field: string): QuorumRule {
  const fields = new Fields(value, `${field}.`);
  const kind = fields.required('kind', readWord('votes', 'share'));
  const quorum: QuorumRule =
    kind === 'votes'
      ? { kind, votes: fields.required('votes', readWhole(1, LIMITS.electorsMax)) }
      : { kind, share: fields.required('share', readShare) };
  fields.end();
  if (quorum.kind === 'share' && quorum.share.num === 0) throw bodyFault(field);
  return quorum;
}

function readVeto(value: CborValue, field: string): VetoRule {
  const fields = new Fields(value, `${field}.`);
  const veto = {
    maxWeight: fields.required('maxWeight', readWhole(1, 10)),
    role: fields.required('role', readRole),
    textRequired: fields.required('textRequired', readBoolean),
    revisionAt: fields.required('revisionAt', readWhole(1, 100)),
    rejectAt: fields.required('rejectAt', readWhole(1, 100)),
  };
  fields.end();
  if (veto.revisionAt > veto.rejectAt) throw bodyFault(`${field}.revisionAt`);
  return veto;
}

/** A rule that is whole in itself; `checkReferences` compares it with what stands beside it. */
export function readRule(value: CborValue, field: string): SessionRule {
  const fields = new Fields(value, `${field}.`);
  const rule = compact<SessionRule>({
    method: fields.required('method', readWord('score', 'stance')),
    threshold: fields.required('threshold', (one, path) => (one === null ? null : readThreshold(one, path))),
    hold: fields.optional('hold', readPercent),
    quorum: fields.optional('quorum', readQuorum),
    veto: fields.optional('veto', readVeto),
    revisable: fields.required('revisable', readBoolean),
    complete: fields.required('complete', readBoolean),
    commentRequired: fields.optional('commentRequired', readBoolean),
    auth: fields.optional('auth', readWord('voter')),
    close: fields.required('close', readWord('deadline', 'all-voted', 'opener')),
  });
  fields.end();
  if (rule.hold !== undefined && rule.threshold === null) throw bodyFault(`${field}.hold`);
  if (rule.veto !== undefined && rule.method !== 'score') throw bodyFault(`${field}.veto`);
  if (rule.close === 'all-voted' && rule.revisable) throw bodyFault(`${field}.close`);
  return rule;
}

/** A quorum that the electorate can reach. @throws WaggleError WAGGLE_OPERATION_BODY */
export function checkQuorum(rule: SessionRule, electorate: readonly Elector[]): void {
  const { quorum } = rule;
  if (quorum?.kind === 'votes' && quorum.votes > electorate.length) throw bodyFault('rule.quorum');
}

/** Whether every proposal and category that the thresholds name is there. */
export function areReferencesKnown(rule: SessionRule, proposals: readonly ProposalRecord[]): boolean {
  const ids = new Set<string>(proposals.map(({ id }) => id));
  const categories = new Set(proposals.map(({ category }) => category));
  const { byProposal = {}, byCategory = {} } = rule.threshold ?? {};
  return (
    Object.keys(byProposal).every((id) => ids.has(id)) && Object.keys(byCategory).every((name) => categories.has(name))
  );
}
