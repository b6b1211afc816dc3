import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import type { SessionFolder } from '../replay/folder.ts';
import { type ReplaySession, readSession } from '../replay/read-session.ts';

/** A made-up session folder; text values stand as they are, others as JSON. */
function folder(files: Record<string, unknown>, name = '0901', expected?: unknown): SessionFolder {
  const texts = Object.entries(files).map(
    ([path, value]) => [path, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return { name, files: new Map(texts), expected: expected === undefined ? undefined : JSON.stringify(expected) };
}

const PROPOSALS = [
  { id: '001', title: 'One', category: 'Security' },
  { id: '002', title: 'Two' },
];
const ballot = (model: string, weights: unknown[]) => ({ minute_id: '0901', model, timestamp: 't', weights });
const BOTH = [
  { proposal_id: '001', weight: 9 },
  { proposal_id: '002', weight: 2, veto: 'no' },
];
const chain = (...models: string[]) => ({
  chain: models.map((model) => ({ model, vote_file: `votes/${model}.json` })),
});

function codes({ findings }: ReplaySession): string[] {
  return findings.map(({ code, subject }) => `${code} ${subject}`);
}

test('the weighted dialect: an object with proposals, weights, comments and vetoes', () => {
  const session = readSession(
    folder({
      'proposals.json': { minute_id: '0901', proposals: PROPOSALS },
      'votes/alpha.json': ballot('alpha', BOTH),
      'voting_chain.json': chain('alpha'),
    }),
  );
  assert.equal(session.minute, '0901');
  assert.deepEqual(session.ballots[0]?.entries, [
    { proposal: '001', choice: 9 },
    { proposal: '002', choice: 2, veto: 'no' },
  ]);
  assert.deepEqual(session.findings, []);
  assert.deepEqual(session.electorate, [{ voter: 'alpha', role: 'general', weight: 1 }]);
  assert.deepEqual(session.rule, {
    method: 'score',
    threshold: null,
    revisable: false,
    complete: true,
    close: 'opener',
  });
});

test('the older dialect: bare lists, model_id, SUPPORT and REJECT, temporary ids', () => {
  const vote = (id: string, word: string) => ({ proposal_id: id, vote: word });
  const session = readSession(
    folder({
      'proposals.json': [
        { id: 'P-022', title: 'One' },
        { id: 'P-023', title: 'Two' },
      ],
      'voting_chain.json': chain('alpha').chain,
      'votes/alpha.json': { model_id: 'alpha', proposals: [vote('P-022', 'SUPPORT'), vote('P-023', 'reject')] },
    }),
  );
  assert.deepEqual(
    session.proposals.map(({ id, label }) => [id, label]),
    [
      ['p-022', 'P-022'],
      ['p-023', 'P-023'],
    ],
  );
  assert.deepEqual(
    session.ballots[0]?.entries.map(({ choice }) => choice),
    ['approve', 'reject'],
  );
  assert.equal((session.rule as { method: string }).method, 'stance');
  assert.deepEqual(codes(session), ['CONTAINER_FORM voting_chain.json']);
});

test('votes on other proposals are left out, each with a finding', () => {
  const more = [...BOTH, { proposal_id: '777', weight: 5 }, { proposal_id: '888', weight: 5 }];
  const session = readSession(folder({ 'proposals.json': PROPOSALS, 'votes/a.json': ballot('a', more) }));
  assert.equal(session.ballots[0]?.entries.length, 2);
  assert.deepEqual(codes(session), ['UNKNOWN_PROPOSAL votes/a.json', 'UNKNOWN_PROPOSAL votes/a.json']);
});

test('the electorate is the recorded one and whoever has a ballot', () => {
  const files = { 'proposals.json': PROPOSALS, 'votes/a.json': ballot('a', BOTH), 'votes/b.json': ballot('b', BOTH) };
  const session = readSession(folder({ ...files, 'voting_chain.json': chain('a', 'c') }));
  assert.deepEqual(
    session.electorate.map(({ voter }) => voter),
    ['a', 'c', 'b'],
  );
  assert.deepEqual(codes(session), ['NOT_ELIGIBLE votes/b.json', 'ELIGIBLE_NO_VOTE c']);
});

test('ids are lower-cased, the spelling stays as label', () => {
  const session = readSession(folder({ 'proposals.json': PROPOSALS, 'votes/GPT 5.json': ballot('GPT 5', BOTH) }));
  assert.equal(session.ballots[0]?.voter, 'gpt-5');
  assert.equal(session.ballots[0]?.label, 'GPT 5');
  assert.match(session.notes.join(), /GPT 5/);
});

test('a ballot that spells ids without their prefix is understood, and said so', () => {
  const session = readSession(
    folder({
      'proposals.json': [{ id: 'P056', title: 'x' }],
      'votes/a.json': ballot('a', [{ proposal_id: '056', weight: 5 }]),
    }),
  );
  assert.deepEqual(session.ballots[0]?.entries, [{ proposal: 'p056', choice: 5 }]);
  assert.deepEqual(codes(session), ['ID_FORM votes/a.json']);
});

test('what is no ballot is not counted: templates, broken JSON, other files', () => {
  const session = readSession(
    folder({
      'proposals.json': PROPOSALS,
      'votes/TEMPLATE.json': ballot('your-model', BOTH),
      'votes/a.json': ballot('a', BOTH),
      'votes/broken.json': '{',
      'votes/notes.txt': 'hello',
    }),
  );
  assert.deepEqual(
    session.ballots.map(({ voter }) => voter),
    ['a'],
  );
  assert.deepEqual(
    codes(session),
    ['TEMPLATE', 'broken', 'notes'].map((name) => `NON_BALLOT_FILE votes/${name}.${name === 'notes' ? 'txt' : 'json'}`),
  );
});

test('weights out of range, doubled entries and doubled ballots are left out and named', () => {
  const odd = [
    { proposal_id: '001', weight: 11 },
    { proposal_id: '002', weight: 3 },
    { proposal_id: '002', weight: 4 },
  ];
  const session = readSession(
    folder({ 'proposals.json': PROPOSALS, 'votes/a.json': ballot('a', odd), 'votes/a2.json': ballot('a', BOTH) }),
  );
  assert.deepEqual(
    session.ballots.map(({ entries }) => entries),
    [[{ proposal: '002', choice: 3 }]],
  );
  assert.deepEqual(codes(session), [
    'INVALID_CHOICE votes/a.json',
    'DUPLICATE_ENTRY votes/a.json',
    'INCOMPLETE_BALLOT votes/a.json',
    'FILENAME_MISMATCH votes/a2.json',
    'DUPLICATE_BALLOT votes/a2.json',
  ]);
  assert.equal((session.rule as { complete: boolean }).complete, false);
});

test('CRLF, mixed line ends and a byte order mark are read and named, not repaired', () => {
  const text = (value: unknown) => JSON.stringify(value, null, 1);
  const session = readSession(
    folder({
      'proposals.json': `\ufeff${text(PROPOSALS).replaceAll('\n', '\r\n')}`,
      'votes/a.json': text(ballot('a', BOTH)).replace('\n', '\r\n'),
    }),
  );
  assert.equal(session.ballots.length, 1);
  assert.match(session.notes.join('\n'), /CRLF line ends in 1 of 2/);
  assert.match(session.notes.join('\n'), /votes\/a\.json: mixes/);
  assert.match(session.notes.join('\n'), /byte order mark/);
});

test('a comment the ledger does not take is left out, never shortened', () => {
  const long = [{ proposal_id: '001', weight: 5, comment: 'x'.repeat(3_000) }, BOTH[1]];
  const session = readSession(folder({ 'proposals.json': PROPOSALS, 'votes/a.json': ballot('a', long) }));
  assert.deepEqual(session.ballots[0]?.entries[0], { proposal: '001', choice: 5 });
  assert.deepEqual(codes(session), ['TEXT_FORM votes/a.json 001']);
});

test('announced thresholds: by id before category before standard; vetoes by generals', () => {
  const proposals = [...PROPOSALS, { id: '037', title: 'Three', category: 'Security' }];
  const low = [...BOTH, { proposal_id: '037', weight: 3, veto: 'too weak to veto' }];
  const known = readSession(
    folder(
      { 'proposals.json': proposals, 'votes/gpt-4o.json': { ...ballot('gpt-4o', low), minute_id: '0003' } },
      '0003',
    ),
  );
  assert.deepEqual(known.rule, {
    method: 'score',
    threshold: {
      op: '>=',
      percent: { num: 60, den: 1 },
      byCategory: { Security: { num: 55, den: 1 } },
      byProposal: { '037': { num: 70, den: 1 } },
    },
    hold: { num: 40, den: 1 },
    veto: { maxWeight: 2, revisionAt: 50, rejectAt: 80, role: 'general', textRequired: false },
    revisable: false,
    complete: true,
    close: 'opener',
  });
  assert.ok(codes(known).includes('VETO_WEIGHT votes/gpt-4o.json'));
  const roles = new Map<string, string>(known.electorate.map(({ voter, role }) => [voter, role]));
  assert.equal(roles.get('gpt-4o'), 'general');
  assert.equal(roles.get('deepseek-v3.1'), 'collaborator');
});

test('a session nobody knows takes its rule from the tallies beside it, else from its chain', () => {
  const files = { 'proposals.json': PROPOSALS, 'votes/a.json': ballot('a', BOTH) };
  const rule = { op: '>', std: 65, categories: { Security: 75 } };
  const beside = readSession(
    folder(files, '0901', { sessions: { '0901': { rule_announced: rule, generals: ['a'] } } }),
  );
  assert.deepEqual((beside.rule as { threshold: unknown }).threshold, {
    op: '>',
    percent: { num: 65, den: 1 },
    byCategory: { Security: { num: 75, den: 1 } },
  });
  const byChain = {
    ...chain('a'),
    approval_threshold: 0.6,
    special_thresholds: { '002': 0.7, security_proposals: 0.55 },
  };
  const own = readSession(folder({ ...files, 'voting_chain.json': byChain }));
  assert.deepEqual((own.rule as { threshold: unknown }).threshold, {
    op: '>=',
    percent: { num: 60, den: 1 },
    byCategory: { Security: { num: 55, den: 1 } },
    byProposal: { '002': { num: 70, den: 1 } },
  });
});

for (const [name, files] of [
  ['no list of proposals', { 'proposals.json': '{' }],
  ['no proposal with an id', { 'proposals.json': [{ title: 'x' }] }],
  ['no ballot', { 'proposals.json': PROPOSALS }],
] as const) {
  test(`${name} is refused as input`, () => {
    assert.throws(
      () => readSession(folder(files)),
      (error) => codeOf(error) === 'WAGGLE_CLI_INPUT',
    );
  });
}

test('whatever the files hold, reading ends in a session or in a WaggleError', () => {
  const odd = fc.oneof(
    fc.json(),
    fc.string(),
    fc.record({
      model: fc.oneof(fc.string(), fc.integer()),
      weights: fc.array(
        fc.oneof(
          fc.jsonValue(),
          fc.record({
            proposal_id: fc.constantFrom('001', '002', '__proto__', 'x'),
            weight: fc.jsonValue(),
            comment: fc.jsonValue(),
          }),
        ),
      ),
    }),
  );
  fc.assert(
    fc.property(odd, odd, odd, (proposals, vote, other) => {
      const files = {
        'proposals.json': proposals,
        'votes/a.json': vote,
        'votes/b.json': ballot('b', BOTH),
        'voting_chain.json': other,
      };
      try {
        readSession(folder(files));
        readSession(folder({ ...files, 'proposals.json': PROPOSALS }));
      } catch (error) {
        assert.ok(error instanceof WaggleError, String(error));
      }
    }),
  );
});
