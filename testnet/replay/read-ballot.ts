import { type Id, toId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { record } from './announced.ts';
import type { Finding } from './finding.ts';
import type { ProposalList } from './read-proposals.ts';
import { fitText } from './texts.ts';

export interface ReplayEntry {
  readonly proposal: Id;
  /** A weight 1…10, or a stance. */
  readonly choice: number | 'approve' | 'reject' | 'abstain';
  readonly comment?: string;
  readonly veto?: string;
}

export interface ReplayBallot {
  readonly voter: Id;
  /** As the file spells it, where that differs. */
  readonly label?: string;
  readonly file: string;
  readonly entries: readonly ReplayEntry[];
}

/** Words of the older form (domain.md 2, Entry). */
const STANCES = new Map<string, 'approve' | 'reject' | 'abstain'>([
  ['SUPPORT', 'approve'],
  ['APPROVE', 'approve'],
  ['REJECT', 'reject'],
  ['ABSTAIN', 'abstain'],
]);

export interface BallotContext {
  readonly minute: string;
  readonly list: ProposalList;
  readonly vetoMaxWeight: number | undefined;
  readonly findings: Finding[];
}

/** A vote file in either dialect; undefined when it is no ballot, which a finding says. */
export function readBallot(file: string, value: unknown, context: BallotContext): ReplayBallot | undefined {
  const { minute, findings } = context;
  const form = record(value);
  const spelled = typeof form.model === 'string' ? form.model : form.model_id;
  const lines = Array.isArray(form.weights) ? form.weights : form.proposals;
  const voter = typeof spelled === 'string' ? toId(spelled) : undefined;
  if (voter === undefined || typeof spelled !== 'string' || !Array.isArray(lines) || isTemplate(file)) {
    findings.push({
      session: minute,
      code: 'NON_BALLOT_FILE',
      subject: file,
      detail: 'no model with its votes; not counted',
    });
    return undefined;
  }
  const named = file.replace(/^votes\//, '').replace(/\.json$/i, '');
  if (named !== spelled) {
    findings.push({ session: minute, code: 'FILENAME_MISMATCH', subject: file, detail: `its model is ${spelled}` });
  }
  const entries = new Map<string, ReplayEntry>();
  for (const line of lines) readLine(file, record(line), entries, context);
  const missing = context.list.proposals.filter(({ id }) => !entries.has(id)).map(({ id }) => id);
  if (missing.length > 0) {
    findings.push({
      session: minute,
      code: 'INCOMPLETE_BALLOT',
      subject: file,
      detail: `leaves out ${missing.join(', ')}`,
    });
  }
  const sorted = [...entries.values()].sort((a, b) => (a.proposal < b.proposal ? -1 : 1));
  return { voter, file, entries: sorted, ...(spelled === voter ? {} : { label: spelled }) };
}

/** Templates among the ballots have a filled-in model name in some sessions (domain.md 6). */
function isTemplate(file: string): boolean {
  return /^votes\/_?template\b/i.test(file);
}

function readLine(
  file: string,
  line: Record<string, unknown>,
  entries: Map<string, ReplayEntry>,
  { minute, list, vetoMaxWeight, findings }: BallotContext,
): void {
  const spelled = String(line.proposal_id ?? '');
  const found = (code: Finding['code'], detail: string) =>
    findings.push({ session: minute, code, subject: file, detail });
  const proposal = list.find(spelled);
  if (proposal === undefined) {
    found('UNKNOWN_PROPOSAL', `${spelled.slice(0, 40)} is not up here; left out`);
    return;
  }
  if (spelled !== (proposal.label ?? proposal.id)) found('ID_FORM', `${spelled} for ${proposal.label ?? proposal.id}`);
  const choice = choiceOf(line);
  if (choice === undefined) {
    const cast = JSON.stringify(line.weight ?? line.vote ?? null).slice(0, 40);
    found('INVALID_CHOICE', `${proposal.id}: ${cast} is no choice; left out`);
    return;
  }
  if (entries.has(proposal.id)) {
    found('DUPLICATE_ENTRY', `${proposal.id} stands twice; the first one counts`);
    return;
  }
  const comment = fitText(minute, `${file} ${proposal.id}`, line.comment, LIMITS.commentBytesMax, findings);
  const veto = fitText(minute, `${file} ${proposal.id}`, line.veto, LIMITS.commentBytesMax, findings);
  if (veto !== undefined && vetoMaxWeight !== undefined && typeof choice === 'number' && choice > vetoMaxWeight) {
    found('VETO_WEIGHT', `${proposal.id}: weight ${choice} with a veto text`);
  }
  entries.set(proposal.id, {
    proposal: proposal.id,
    choice,
    ...(comment === undefined ? {} : { comment }),
    ...(veto === undefined ? {} : { veto }),
  });
}

function choiceOf({ weight, vote }: Record<string, unknown>): ReplayEntry['choice'] | undefined {
  if (typeof weight === 'number') return Number.isInteger(weight) && weight >= 1 && weight <= 10 ? weight : undefined;
  return typeof vote === 'string' ? STANCES.get(vote.trim().toUpperCase()) : undefined;
}
