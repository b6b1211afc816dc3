import { WaggleError } from '../../protocol/errors.ts';
import { type Id, toId } from '../../protocol/ids.ts';
import { type Announced, announcedBy, record } from './announced.ts';
import type { Finding } from './finding.ts';
import type { SessionFolder } from './folder.ts';
import { type ReplayBallot, readBallot } from './read-ballot.ts';
import { numberOf, type ProposalList, type ReplayProposal, readProposals } from './read-proposals.ts';

/** An old session as it can be opened and voted again. */
export interface ReplaySession {
  readonly minute: Id;
  readonly title: string;
  readonly proposals: readonly ReplayProposal[];
  /** As session_open takes it. */
  readonly rule: object;
  /** Where the rule comes from. */
  readonly ruleSource: string;
  readonly electorate: readonly { readonly voter: Id; readonly role: string; readonly weight: 1 }[];
  readonly ballots: readonly ReplayBallot[];
  readonly findings: readonly Finding[];
  /** Spellings and line ends met, for people. */
  readonly notes: readonly string[];
  /** This session in the tallies beside the folder. */
  readonly expected: Record<string, unknown> | undefined;
}

/**
 * Read a session folder in whatever dialect it is. What cannot be taken is left out with a finding; nothing is mended.
 * @throws WaggleError WAGGLE_CLI_INPUT {path, reason} there is no list of proposals at all, or no ballot
 */
export function readSession(folder: SessionFolder): ReplaySession {
  const findings: Finding[] = [];
  const parsed = parseAll(folder);
  const proposalFile = parsed.values.get('proposals.json');
  const chain = record(parsed.values.get('voting_chain.json'));
  const minute = minuteOf(folder, [proposalFile, chain]);
  if (Array.isArray(parsed.values.get('voting_chain.json'))) {
    findings.push({
      session: minute,
      code: 'CONTAINER_FORM',
      subject: 'voting_chain.json',
      detail: 'a bare list as root',
    });
  }
  const list = readProposals(minute, proposalFile, findings);
  if (list.proposals.length === 0) throw input('proposals.json', parsed.faults.get('proposals.json') ?? 'no proposals');
  const expected = expectedOf(folder.expected, minute);
  const { announced, source } = announcedBy(minute, chain, expected);
  const context = { minute, list, vetoMaxWeight: announced.veto?.maxWeight, findings };
  const ballots = readBallots(parsed, context);
  if (ballots.length === 0) throw input(`${folder.name}/votes`, 'no ballots');
  const recorded = announced.electorate ?? chainModels(parsed.values.get('voting_chain.json'));
  return {
    minute,
    title: `Minute ${minute}`,
    proposals: list.proposals,
    rule: ruleOf(announced, list, ballots),
    ruleSource: source,
    electorate: electorateOf(minute, announced, recorded, ballots, findings),
    ballots,
    findings,
    notes: [...parsed.notes, ...spellings(ballots, list)],
    expected,
  };
}

interface Parsed {
  readonly values: ReadonlyMap<string, unknown>;
  readonly faults: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

function parseAll({ files }: SessionFolder): Parsed {
  const values = new Map<string, unknown>();
  const faults = new Map<string, string>();
  const crlf: string[] = [];
  const mixed: string[] = [];
  const notes: string[] = [];
  for (const [path, text] of files) {
    const ends = text.match(/\r\n/g)?.length ?? 0;
    const lines = text.match(/\n/g)?.length ?? 0;
    if (ends > 0) (ends === lines ? crlf : mixed).push(path);
    if (text.startsWith('\ufeff')) notes.push(`${path}: begins with a byte order mark`);
    try {
      values.set(path, JSON.parse(text.replace(/^\ufeff/, '')));
    } catch {
      faults.set(path, 'not JSON');
    }
  }
  if (crlf.length > 0)
    notes.push(`CRLF line ends in ${crlf.length} of ${files.size} files (${crlf.slice(0, 3).join(', ')}…)`);
  for (const path of mixed) notes.push(`${path}: mixes CRLF and LF line ends`);
  return { values, faults, notes };
}

/** The minute id a file names, else the folder's name. */
function minuteOf(folder: SessionFolder, files: readonly unknown[]): Id {
  for (const file of files) {
    const id = record(file).minute_id;
    const minute = typeof id === 'string' ? toId(id) : undefined;
    if (minute !== undefined) return minute;
  }
  const minute = toId(folder.name);
  if (minute === undefined) throw input(folder.name, 'neither a file nor the folder’s name says the minute id');
  return minute;
}

function readBallots(parsed: Parsed, context: Parameters<typeof readBallot>[2]): ReplayBallot[] {
  const ballots = new Map<string, ReplayBallot>();
  const { minute, findings } = context;
  const paths = [...parsed.values.keys(), ...parsed.faults.keys()].filter((path) => path.startsWith('votes/')).sort();
  for (const path of paths) {
    const ballot = readBallot(path, parsed.values.get(path), context);
    if (ballot === undefined) continue;
    const first = ballots.get(ballot.voter);
    if (first !== undefined) {
      const detail = `${ballot.voter} voted in ${first.file} already; the first file counts`;
      findings.push({ session: minute, code: 'DUPLICATE_BALLOT', subject: path, detail });
    } else if (ballot.entries.length > 0) ballots.set(ballot.voter, ballot);
  }
  return [...ballots.values()];
}

/** Who the chain names as voters; undefined without a chain. */
function chainModels(value: unknown): string[] | undefined {
  const blocks = Array.isArray(value) ? value : record(value).chain;
  if (!Array.isArray(blocks)) return undefined;
  const votes = blocks
    .map(record)
    .filter(({ vote_file: file }) => typeof file === 'string' && file.startsWith('votes/'));
  return votes.flatMap(({ model }) => (typeof model === 'string' ? [model] : []));
}

/** The recorded electorate and whoever has a ballot; who was added and who stayed away are findings. */
function electorateOf(
  minute: string,
  { generals }: Announced,
  recorded: readonly string[] | undefined,
  ballots: readonly ReplayBallot[],
  findings: Finding[],
): ReplaySession['electorate'] {
  const generalIds = generals === undefined ? undefined : new Set(generals.map((one) => toId(one)));
  const eligible = new Set((recorded ?? []).flatMap((one) => toId(one) ?? []));
  const voted = new Set(ballots.map(({ voter }) => voter));
  if (recorded !== undefined) {
    for (const { voter, file } of ballots) {
      if (eligible.has(voter)) continue;
      const detail = 'not in the recorded electorate; added';
      findings.push({ session: minute, code: 'NOT_ELIGIBLE', subject: file, detail });
    }
  }
  for (const voter of eligible) {
    if (voted.has(voter)) continue;
    findings.push({
      session: minute,
      code: 'ELIGIBLE_NO_VOTE',
      subject: voter,
      detail: 'in the electorate, has no ballot',
    });
  }
  const role = (voter: Id) => (generalIds === undefined || generalIds.has(voter) ? 'general' : 'collaborator');
  return [...eligible.union(voted)].map((voter) => ({ voter, role: role(voter), weight: 1 }));
}

function ruleOf(announced: Announced, list: ProposalList, ballots: readonly ReplayBallot[]): object {
  const { threshold, hold, veto } = announced;
  const percent = (num: number) => ({ num, den: 1 });
  const categories = new Set(list.proposals.map(({ category }) => category));
  const byCategory = [...(threshold?.byCategory ?? [])].filter(([name]) => categories.has(name));
  const byProposal = [...(threshold?.byProposal ?? [])].flatMap(([spelling, num]) => {
    const id = list.proposals.find((one) => numberOf(one.id) === numberOf(spelling))?.id;
    return id === undefined ? [] : [[id, percent(num)] as const];
  });
  const stance = ballots.some(({ entries }) => entries.some(({ choice }) => typeof choice === 'string'));
  return {
    method: stance ? 'stance' : 'score',
    threshold:
      threshold === undefined
        ? null
        : {
            op: threshold.op,
            percent: percent(threshold.standard),
            ...(byCategory.length === 0
              ? {}
              : { byCategory: Object.fromEntries(byCategory.map(([name, num]) => [name, percent(num)])) }),
            ...(byProposal.length === 0 ? {} : { byProposal: Object.fromEntries(byProposal) }),
          },
    ...(hold === undefined || threshold === undefined ? {} : { hold: percent(hold) }),
    // The old counts took a low weight for a veto whether a text stood beside it or not.
    ...(veto === undefined || stance ? {} : { veto: { ...veto, role: 'general', textRequired: false } }),
    revisable: false,
    // An incomplete ballot of old must still count for what it names.
    complete: ballots.every(({ entries }) => entries.length === list.proposals.length),
    close: 'opener',
  };
}

function spellings(ballots: readonly ReplayBallot[], { proposals }: ProposalList): string[] {
  const respelled = [...ballots, ...proposals].flatMap((one) => (one.label === undefined ? [] : [one.label]));
  if (respelled.length === 0) return [];
  return [`${respelled.length} ids are lower-cased, the spelling kept as label (${respelled.slice(0, 3).join(', ')}…)`];
}

function expectedOf(text: string | undefined, minute: string): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const session = new Map(Object.entries(record(record(JSON.parse(text)).sessions))).get(minute);
    return session === undefined ? undefined : record(session);
  } catch {
    return undefined;
  }
}

function input(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_INPUT', { path, reason, next: 'name the folder of one session' });
}
