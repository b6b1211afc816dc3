import { z } from 'zod';
import { defineMethod, type Method, NO_PARAMS } from '../method.ts';
import { Discovery } from '../openrpc.ts';
import { agentFindings, agentHistory, agentStatus } from './agent.ts';
import { ballotGet, ballotList } from './ballot.ts';
import { ballotSubmit } from './ballot-submit.ts';
import {
  chainGenesis,
  chainGetBlock,
  chainGetChains,
  chainGetCheckpoint,
  chainGetEpochs,
  chainGetSegment,
  chainHead,
} from './chain.ts';
import { modelGet, modelList, modelRegister, modelUpdate } from './model.ts';
import { networkGet, operationSubmit } from './network.ts';
import { nodePeers, nodeStatus } from './node.ts';
import { observerAdmit, observerList, observerRemove } from './observer.ts';
import { proposalGet, proposalList } from './proposal.ts';
import { sessionGet, sessionList } from './session.ts';
import {
  proposalAdd,
  sessionActivate,
  sessionCancel,
  sessionClose,
  sessionExtend,
  sessionOpen,
} from './session-write.ts';
import { spaceCreate, spaceGet, spaceList } from './space.ts';
import { subSubscribe, subUnsubscribe } from './subscription.ts';
import { tallyGet } from './tally.ts';

const METHODS: readonly Method[] = [
  nodeStatus,
  nodePeers,
  networkGet,
  operationSubmit,
  chainGenesis,
  chainHead,
  chainGetBlock,
  chainGetSegment,
  chainGetChains,
  chainGetCheckpoint,
  chainGetEpochs,
  sessionOpen,
  sessionGet,
  sessionList,
  sessionActivate,
  sessionClose,
  sessionCancel,
  sessionExtend,
  proposalAdd,
  proposalGet,
  proposalList,
  ballotSubmit,
  ballotGet,
  ballotList,
  tallyGet,
  modelList,
  modelGet,
  modelRegister,
  modelUpdate,
  observerList,
  observerAdmit,
  observerRemove,
  spaceList,
  spaceGet,
  spaceCreate,
  agentStatus,
  agentHistory,
  agentFindings,
  subSubscribe,
  subUnsubscribe,
];

/** Every method by name, rpc.discover included. A Map: a name from outside is never looked up in an object. */
export function allMethods(version: string): ReadonlyMap<string, Method> {
  const discover = defineMethod('rpc.discover', {
    summary:
      'This interface as an OpenRPC document: the methods that this caller may call, with their scopes, costs and limits. GET /openrpc.json has all methods.',
    params: NO_PARAMS,
    result: z.looseObject({ openrpc: z.string() }),
    heavy: true,
    handle: (_params, _desk, caller) => discovery.for(caller),
  });
  const all = [discover, ...METHODS];
  const discovery = new Discovery(all, version);
  return new Map(all.map((method) => [method.name, method]));
}
