import type { Replica } from '../../consensus/replica-state.ts';
import type { ReplicaConfig } from '../../consensus/types.ts';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import type { KeyPair } from '../../protocol/crypto/keys.ts';
import type { Genesis } from '../../protocol/genesis.ts';
import { encodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { placeOf } from '../../protocol/governance/epochs.ts';
import { encodeSignedOperation } from '../../protocol/governance/operation.ts';
import { isEnded, missingVoters } from '../../protocol/governance/queries.ts';
import { headKey, sessionKey } from '../../protocol/governance/row-keys.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import type { Network } from '../network/network.ts';
import type { AgentFacts, ChainFacts, NodeApi, NodeStatus } from '../rpc/node-api.ts';
import type { Head } from './head.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { ModelKeys } from './model-keys.ts';
import type { Rosters } from './rosters.ts';
import { epochProofs } from './snapshots/snapshot-answers.ts';
import type { SubmitService } from './submissions.ts';

const CONTROL_SHARD = 0;

export interface NodeApiParts {
  readonly replica: Replica;
  readonly genesis: Genesis;
  readonly version: string;
  readonly network: Network;
  readonly reader: LedgerReader;
  readonly rosters: Rosters;
  readonly submissions: SubmitService;
  readonly head: Head;
  readonly name: string;
  readonly operatorKey: KeyPair;
  readonly modelKeys: ModelKeys;
  readonly status: () => NodeStatus;
  readonly agent: () => AgentFacts;
  readonly metricsText: () => Promise<string>;
}

/** What RPC knows of this node. */
export function createNodeApi(parts: NodeApiParts): NodeApi {
  const { replica, genesis, version, network, reader, submissions, head, operatorKey, modelKeys } = parts;
  const { chain } = replica.config;
  return {
    chain,
    genesis,
    name: parts.name,
    version,
    get self() {
      return replica.config.self;
    },
    get operatorKey() {
      return seatKey(replica.config, operatorKey);
    },
    modelKey: (model) => modelKeys.get(model),
    modelKeyFault: (model) => modelKeys.fault(model),
    status: parts.status,
    agent: parts.agent,
    metricsText: parts.metricsText,
    peers: () => network.peers(),
    chains: () => chainFacts(replica),
    state: () => replica.state,
    head: () => head.facts,
    onHead: (listener) => head.listen(listener),
    block: (at) => reader.block(at),
    segment: (id) => reader.segment(id),
    segmentsOf: (height) => reader.segmentsOf(height),
    ballot: (id) => reader.ballot(id),
    ballots: (space, session, options) => reader.ballots(space, session, options),
    headOf: async (space, session, voter) =>
      replica.state.heads.get(headKey(space, session, voter)) ?? (await reader.head(space, session, voter)),
    missingVoters: (space, session) => missingOf(replica, reader, space, session),
    isPruned: (what) => reader.isPruned(what),
    firstHeight: () => reader.floor.height + 1,
    epochProofs: (from) => epochProofs(reader, from),
    checkpoint: (height) => reader.checkpoint(height),
    rosterOf: (epoch) => parts.rosters.of(epoch),
    submitBallot(signed, shard = placeOf(replica.state, signed.ballot.space, signed.ballot.voter)) {
      const item = { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) };
      return submissions.submit(shard, item, signed.id);
    },
    submitOperation(signed) {
      const item = { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) };
      return submissions.submit(CONTROL_SHARD, item, signed.id);
    },
  };
}

/** The state keeps no heads of ended sessions. */
async function missingOf({ state }: Replica, reader: LedgerReader, space: string, session: string) {
  const row = state.sessions.get(sessionKey(space, session));
  if (row === undefined || !isEnded(row)) return missingVoters(state, space, session);
  const voters = await reader.voters(space, session);
  return row.electorate.flatMap(({ voter }) => (voters.has(voter) ? [] : [voter]));
}

function chainFacts({ chains }: Replica): ChainFacts[] {
  return chains.all().map(({ shard, author, linked, final, incarnation, muted }) => ({
    shard,
    author,
    tip: { height: linked.height, id: linked.tip },
    finalHeight: final.height,
    backlog: linked.height - final.height,
    incarnation,
    muted,
  }));
}

/** The key this node answers by: that of its seat, which a rotation may have changed since it started. */
function seatKey({ self, roster, keyring = [] }: ReplicaConfig, first: KeyPair): KeyPair {
  const seated = self === undefined ? undefined : roster.validators[self]?.key;
  const found = keyring.find(({ publicKey }) => seated !== undefined && hashesEqual(publicKey, seated));
  return (found as KeyPair | undefined) ?? first;
}
