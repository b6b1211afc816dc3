import { type SpaceOptions, spaceFlag } from '../command-options.ts';
import { exact } from '../fractions.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { RuleFacts, SessionResult } from '../rpc-shapes.ts';
import { connect } from '../target.ts';

const NAMES_SHOWN = 3;

/** `waggle session show`: what is voted on, by which rule, and who is missing. */
export async function showSession(id: string, options: SpaceOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<SessionResult>('session_get', { space: options.space, session: id });
  const tail = `${spaceFlag(options)}${client.flags}`;
  emit(io, options.output, one, () => ({
    title: `${one.space}/${one.session} ${one.title ?? ''}`.trimEnd(),
    columns: (one.proposals ?? []).length === 0 ? [] : [{ name: 'proposal' }, { name: 'category' }, { name: 'title' }],
    rows: (one.proposals ?? []).map((proposal) => [proposal.id ?? '', proposal.category ?? '-', proposal.title ?? '']),
    notes: [...ruleLine(one.rule), stateLine(one), progressLine(one)],
    next: nextOf(one, tail),
  }));
}

function nextOf({ session, status, proposals }: SessionResult, tail: string): string {
  if (status === 'draft' && (proposals ?? []).length === 0)
    return `waggle proposal add ${session} PROPOSAL --title TEXT${tail}`;
  if (status === 'draft') return `waggle session activate ${session}${tail}`;
  return `waggle tally ${session}${tail}`;
}

function ruleLine(rule: RuleFacts | undefined): string[] {
  if (rule === undefined) return [];
  const { method, threshold, quorum, veto, revisable, complete, close } = rule;
  const parts = [
    method,
    threshold ? `approved ${threshold.op}${exact(threshold.percent)}%` : 'nothing is approved or rejected',
    ...(quorum === undefined ? [] : ['a quorum']),
    ...(veto === undefined ? [] : ['a veto']),
    ...(revisable === true ? ['ballots may be replaced'] : []),
    ...(complete === true ? ['every proposal must be answered'] : []),
    `closes by ${close}`,
  ];
  return [`rule: ${parts.join(', ')}`];
}

/** Why it is as it is, and since when. */
function stateLine({ status, closedAt, closesAt, reason }: SessionResult): string {
  const when = closedAt !== undefined ? ` since ${closedAt}` : closesAt ? `, until ${closesAt}` : '';
  return `${status}${when}${reason === undefined ? '' : `: ${reason}`}`;
}

/** Who has not voted is awaited only while votes are taken. */
function progressLine({ status, progress, electorate }: SessionResult): string {
  const missing = progress?.missing ?? [];
  const count = progress?.missingCount ?? missing.length;
  const more = count > NAMES_SHOWN ? ` and ${count - NAMES_SHOWN} more` : '';
  const voted = `${progress?.voters ?? 0} of ${electorate?.length ?? '?'} voted`;
  const what = status === 'active' ? 'missing' : 'did not vote';
  return count === 0 || status === 'draft'
    ? voted
    : `${voted}; ${what}: ${missing.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}
