import type { Id } from '../../protocol/ids.ts';
import { toId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { record } from './announced.ts';
import type { Finding } from './finding.ts';
import { fitText } from './texts.ts';

/** A proposal as session_open takes it. */
export interface ReplayProposal {
  readonly id: Id;
  readonly title: string;
  readonly label?: string;
  readonly category?: string;
  readonly author?: string;
  readonly body?: string;
}

/** Proposals of a session in file order, and how ballots may spell them. */
export interface ProposalList {
  readonly proposals: readonly ReplayProposal[];
  /** The proposal meant by a spelling: itself, or the only one with the same number (`056` for `P056`). */
  find(spelling: string): ReplayProposal | undefined;
}

/** Both dialects: an object with `proposals`, or the bare list. */
export function readProposals(minute: string, value: unknown, findings: Finding[]): ProposalList {
  const list = Array.isArray(value) ? value : record(value).proposals;
  const proposals: ReplayProposal[] = [];
  const byNumber = new Map<string, ReplayProposal[]>();
  for (const [at, one] of (Array.isArray(list) ? list : []).entries()) {
    const read = readProposal(minute, record(one), at, findings);
    if (read === undefined) continue;
    if (proposals.some(({ id }) => id === read.id)) {
      findings.push({ session: minute, code: 'ID_FORM', subject: read.id, detail: 'stands twice in proposals.json' });
      continue;
    }
    proposals.push(read);
    byNumber.set(numberOf(read.id), [...(byNumber.get(numberOf(read.id)) ?? []), read]);
  }
  const byId = new Map(proposals.map((one) => [String(one.id), one]));
  return {
    proposals,
    find(spelling) {
      const exact = byId.get(spelling.toLowerCase());
      if (exact !== undefined) return exact;
      const same = byNumber.get(numberOf(spelling)) ?? [];
      return same.length === 1 ? same[0] : undefined;
    },
  };
}

/** `P-022`, `p022` and `022` are one number. */
export function numberOf(spelling: string): string {
  return spelling
    .trim()
    .toLowerCase()
    .replace(/^p-?(?=\d)/, '');
}

function readProposal(
  minute: string,
  one: Record<string, unknown>,
  at: number,
  findings: Finding[],
): ReplayProposal | undefined {
  const spelled = typeof one.id === 'string' ? one.id : String(one.id ?? '');
  const id = toId(spelled);
  if (id === undefined) {
    const detail = `'${spelled.slice(0, 40)}' is no id; the proposal is left out`;
    findings.push({ session: minute, code: 'ID_FORM', subject: `proposals.json[${at}]`, detail });
    return undefined;
  }
  const fit = (name: string, value: unknown, max: number) => fitText(minute, `${id} ${name}`, value, max, findings);
  const category = fit('category', one.category, LIMITS.titleBytesMax);
  const author = fit('author', one.author ?? one.proposed_by ?? one.model, LIMITS.titleBytesMax);
  const body = fit('body', one.summary ?? one.description, LIMITS.bodyTextBytesMax);
  return {
    id,
    title: fit('title', one.title, LIMITS.titleBytesMax) ?? spelled,
    ...(spelled === id ? {} : { label: spelled }),
    ...(category === undefined ? {} : { category }),
    ...(author === undefined ? {} : { author }),
    ...(body === undefined ? {} : { body }),
  };
}
