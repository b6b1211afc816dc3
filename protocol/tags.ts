/** One line for everything that is hashed or signed; the version ends the tag (protocol.md, Hashes, tags, encodings). */
function entry<const Name extends string>(name: Name, object: string, covers: string, signed: boolean) {
  return { tag: `waggle/${name}/1` as const, object, covers, signed };
}

export const TAGS = {
  genesis: entry('genesis', 'Genesis', 'canonical genesis; its hash is the chain id', false),
  roster: entry('roster', 'Roster', 'chain, epoch and position: the draw of the leader order', false),
  ballot: entry('ballot', 'Ballot', 'the unsigned body', true),
  operation: entry('operation', 'Operation', 'the unsigned body', true),
  item: entry('item', 'Item', 'kind and bytes as they stand in a segment', false),
  'items-tree': entry('items-tree', 'Merkle tree', 'the items of a segment', false),
  body: entry('body', 'Segment body', 'the items, encoded', false),
  segment: entry('segment', 'SegmentHeader', 'the header', true),
  block: entry('block', 'Block', 'the whole block', false),
  vote: entry('vote', 'ConsensusVote', 'kind, chain, epoch, view, block hash', true),
  outcome: entry('outcome', 'Outcome', 'item id and outcome code', false),
  'outcomes-tree': entry('outcomes-tree', 'Merkle tree', 'the outcomes of a shard in a block', false),
  tally: entry('tally', 'State row', 'table, key and row', false),
  'tallies-tree': entry('tallies-tree', 'Merkle tree', 'the rows of a shard a block touched', false),
  head: entry('head', 'Head', 'voter and head of a session', false),
  'heads-tree': entry('heads-tree', 'Merkle tree', 'the heads of a session', false),
  shard: entry('shard', 'ShardRoots', 'shard, outcomes root, tallies root', false),
  'checkpoint-tree': entry('checkpoint-tree', 'Merkle tree', 'the shards of a checkpoint', false),
  history: entry('history', 'History', 'previous history, block hash, root', false),
  rank: entry('rank', 'Rank', 'space, session and validator name: who tells a deadline first', false),
  checkpoint: entry('checkpoint', 'Checkpoint', 'all fields', true),
  invite: entry('invite', 'Invite', 'chain, name, peer and sponsor', true),
  'snapshot-chunk': entry('snapshot-chunk', 'Snapshot chunk', 'a chunk of the row stream', false),
  'snapshot-tree': entry('snapshot-tree', 'Merkle tree', 'the chunks of a snapshot', false),
  snapshot: entry('snapshot', 'Snapshot', 'all fields', true),
  entries: entry('entries', 'Ballot', 'the entries as the unsigned body has them', false),
} as const;

export type Tag = (typeof TAGS)[keyof typeof TAGS]['tag'];
