import { EXIT } from '../exit-codes.ts';
import { code, type FailureCode, NEW_HOME, REPORT } from './failure-code.ts';

/** A peer that is slow, gone, replaced or talks nonsense: the node counts it, drops it and goes on. */
const peer = (meaning: string, cause: string): FailureCode =>
  code(EXIT.unreachable, meaning, cause, 'nothing, if it passes; else waggle status --cluster', true);

const REPAIR =
  'waggle start --repair: it makes the ledger anew, from what is left, the journal and the other validators';

/** What ends a daemon or keeps it from starting, by code without its WAGGLE_. */
export const DAEMON: readonly [string, FailureCode][] = [
  [
    'CRYPTO_ENGINE',
    code(
      EXIT.bug,
      'the signature check of this machine is not the one all nodes need',
      'a broken native library, or an unusual processor',
      'npm ci again; on other hardware if it stays',
    ),
  ],
  ['BOOT_LEDGER', code(EXIT.disk, 'the ledger contradicts itself', 'a damaged disk, or files of two homes', REPAIR)],
  [
    'EPOCH_PROOF',
    code(
      EXIT.bug,
      'what is to prove the end of an epoch proves nothing',
      'a peer that lies, a damaged file, or one of another network',
      'take the checkpoint, or the history, from another node',
    ),
  ],
  [
    'TRUST_FILE',
    code(
      EXIT.configuration,
      'the file of --trusted is no checkpoint of this network',
      'another file, another network, or a checkpoint that too few had signed',
      'waggle chain checkpoint HEIGHT -o json, at a node you trust',
    ),
  ],
  [
    'TRUST_DIFFERS',
    code(
      EXIT.bug,
      'the history of the network does not lead to the checkpoint that you trust',
      'the checkpoint is of a fork, or the validators hold a false history',
      'ask the operators which of the two is theirs before anything else',
    ),
  ],
  [
    'TRUST_UNPROVEN',
    code(
      EXIT.configuration,
      'this ledger begins above the checkpoint that you trust, and was not held against it then',
      'another checkpoint than the one it was started with',
      'the checkpoint it was started with, or a new home',
    ),
  ],
  [
    'BOOT_ROLLBACK',
    code(
      EXIT.disk,
      'journal and ledger are not of one past, so this node cannot know what it signed',
      'a home restored from a backup, or partly copied',
      'waggle start --rejoin, when no copy of this home runs anywhere: it stays silent until the others said where it may go on',
    ),
  ],
  [
    'EPOCH_VERSION',
    code(
      EXIT.configuration,
      'the network asks for a newer protocol version than this build speaks',
      'the network was upgraded, and this node was not',
      'install a newer build and start again: everything final is kept',
    ),
  ],
  [
    'BOOT_VIOLATION',
    code(
      EXIT.bug,
      'this node stopped for a violation of safety and does not start by itself',
      'more faulty validators than the network bears, or divergent software',
      'read the report it names, with the other operators, before removing it',
    ),
  ],
  [
    'DRIVER_VIOLATION',
    code(
      EXIT.bug,
      'two final truths were seen',
      'more faulty validators than the network bears, or divergent software',
      'stop, and compare reports with the other operators',
    ),
  ],
  ['DRIVER_ERROR', code(EXIT.bug, 'the node stopped by a fault of this software', 'see its log', REPORT)],
  ['INVARIANT', code(EXIT.bug, 'something happened that cannot', 'a fault of this software', REPORT)],
  [
    'JOURNAL_SYNC',
    code(
      EXIT.disk,
      'the journal could not be written',
      'the disk is full or failing',
      'free the disk, then start again: the node recovers',
    ),
  ],
  ['JOURNAL_CLOSED', code(EXIT.disk, 'the journal is closed', 'the node is ending', 'start it again', true)],
  [
    'JOURNAL_DAMAGED',
    code(EXIT.disk, 'the journal is damaged before its end', 'a failing disk, or a file that was edited', NEW_HOME),
  ],
  [
    'JOURNAL_RECORD',
    code(
      EXIT.disk,
      'the journal has a record this version does not know',
      'a newer version wrote it',
      'start the newer version again',
    ),
  ],
  [
    'JOURNAL_VERSION',
    code(
      EXIT.configuration,
      'the journal is of another version',
      'a newer version wrote it',
      'start the newer version again',
    ),
  ],
  [
    'STORE_FAILED',
    code(
      EXIT.disk,
      'the ledger could not be read or written',
      'the disk is full or failing',
      'free the disk, then start again: the node recovers',
    ),
  ],
  ['STORE_DAMAGED', code(EXIT.disk, 'the ledger is damaged', 'a failing disk, or a file that was edited', REPAIR)],
  [
    'LEDGER_DAMAGED',
    code(
      EXIT.disk,
      'a record of the ledger is damaged, missing or an old one',
      'a failing disk',
      'waggle start: it makes the ledger anew from its own blocks, the journal and the other validators',
    ),
  ],
  [
    'REPAIR_SOURCE',
    code(
      EXIT.disk,
      'something the ledger is made anew from is lost here, and no validator that answers has it',
      'a failing disk, while too few other validators are reachable',
      'waggle start again once other validators run: it goes on',
    ),
  ],
  [
    'REPAIR_ANSWER',
    code(
      EXIT.unreachable,
      'a peer answered a repair with what hashes or signatures refute',
      'a peer that is faulty or lies: the next one is asked',
      'nothing, if it passes; else waggle status --cluster',
      true,
    ),
  ],
  [
    'REPAIR_STOPPED',
    code(EXIT.tryAgain, 'a repair was broken off', 'the node is ending', 'start it again: it goes on', true),
  ],
  [
    'REPAIR_HISTORY',
    code(
      EXIT.bug,
      'executing the ledger again gives another result than this node signed then',
      'another version of the software, or a fault of it',
      'compare versions with the other operators before anything else',
    ),
  ],
  [
    'STORE_MISSING',
    code(EXIT.disk, 'the ledger was here before and is gone', 'a home that was only partly copied', REPAIR),
  ],
  [
    'STORE_LOCKED',
    code(
      EXIT.tryAgain,
      'another process has the ledger open',
      'a second start, or a node that is still ending',
      'waggle status',
    ),
  ],
  [
    'STORE_NEWER',
    code(
      EXIT.configuration,
      'the ledger is of a newer version',
      'an older version was started on it',
      'start the newer version again',
    ),
  ],
  [
    'STORE_OLDER',
    code(
      EXIT.configuration,
      'the ledger was executed by other rules',
      'it is of a build before storage version 4',
      'start the older version again, or make the network anew',
    ),
  ],
  [
    'LEDGER_CURSOR',
    code(EXIT.data, 'not a cursor of this list', 'a cursor of another list or session', 'begin without a cursor'),
  ],
  [
    'LEDGER_RECORD',
    code(
      EXIT.disk,
      'the ledger has a record this version cannot read',
      'a newer version wrote it, or a failing disk',
      NEW_HOME,
    ),
  ],
  [
    'SUBMIT_BUSY',
    code(
      EXIT.tryAgain,
      'more waits here than this node takes; nothing was taken',
      'load, or a network without quorum',
      'try again in a moment',
    ),
  ],
  [
    'SUBMIT_STOPPED',
    code(EXIT.tryAgain, 'the node is ending', 'somebody stopped it', 'try again when it is back, or at another node'),
  ],
];

/** What a daemon meets between nodes; most is only ever read in its log. */
export const NETWORK: readonly [string, FailureCode][] = [
  ['NETWORK_CHAIN', code(EXIT.bug, 'the network has no chain id of 32 bytes', 'a fault of this software', REPORT)],
  [
    'NETWORK_PEER_ID',
    code(
      EXIT.configuration,
      'a peer id in genesis.json is none of an ed25519 key',
      'it was edited',
      'take genesis.json from another node of the network again',
    ),
  ],
  [
    'NETWORK_SEED_LENGTH',
    code(EXIT.configuration, 'the key of this node is not 32 bytes', 'a damaged key file', 'restore it from a backup'),
  ],
  ['NETWORK_STARTED', code(EXIT.bug, 'the network was started twice', 'a fault of this software', REPORT)],
  [
    'NETWORK_STOPPED',
    code(EXIT.tryAgain, 'the network of this node is stopped', 'the node is ending', 'start it again'),
  ],
  [
    'NETWORK_STRANGER',
    peer(
      'a peer of no validator and no admitted observer',
      'an observer that was removed, or another network at that address',
    ),
  ],
  ['NETWORK_NOT_CONNECTED', peer('the peer is not connected', 'it is down or cut off')],
  ['NETWORK_CONNECTION_DEAD', peer('a connection gave no sign of life', 'the peer is paused or cut off')],
  ['NETWORK_CONNECTION_STALE', peer('an older connection was replaced by a newer one', 'the peer came back')],
  ['NETWORK_STREAM_REPLACED', peer('an older stream was replaced by a newer one', 'the peer came back')],
  ['NETWORK_STREAM_RESET', peer('the peer ended a stream in its middle', 'it stopped, or refuses this node')],
  ['NETWORK_FRAME_EMPTY', peer('a frame without content', 'a peer of another version, or a hostile one')],
  ['NETWORK_FRAME_OVERSIZE', peer('a frame larger than allowed', 'a peer of another version, or a hostile one')],
  ['NETWORK_FRAME_TRUNCATED', peer('a frame that ends too soon', 'the peer stopped in its middle')],
  ['NETWORK_SYNC_ABORTED', peer('fetching blocks was called off', 'the node is ending, or has them already')],
  ['NETWORK_SYNC_BUSY', peer('too many fetches at once', 'this node is far behind')],
  ['NETWORK_SYNC_FAILED', peer('a peer could not give what was asked for', 'it is down, or has forgotten it')],
  ['NETWORK_SYNC_REQUEST_SIZE', peer('a request larger than allowed', 'a peer of another version, or a hostile one')],
  ['NETWORK_SYNC_TIMEOUT', peer('a peer did not answer in time', 'it is slow, paused or cut off')],
  ['SYNC_ANSWER_KIND', peer('an answer of another kind than asked for', 'a peer of another version, or a hostile one')],
  ['SYNC_ANSWER_LENGTH', peer('an answer longer than asked for', 'a peer of another version, or a hostile one')],
  ['SYNC_QUEUE_FULL', peer('more came in than this node works off', 'load, or a node far behind')],
  ['SYNC_SEAT_LOST', peer('an answer of a validator that has no seat any more', 'the network changed meanwhile')],
  ['SYNC_REQUEST_KIND', peer('a request of an unknown kind', 'a peer of another version, or a hostile one')],
  ['SUBMIT_FORM', peer('ballots handed on that cannot be read', 'a peer of another version, or a hostile one')],
];
