import { sha256 } from '../crypto/sha256.ts';
import { tagged } from '../hash.ts';
import { shardOf, slotOf } from '../ids.ts';
import { TAGS } from '../tags.ts';
import { show } from './fixtures/show.ts';

const VOTERS = ['model-a', 'model-b', 'm0', 'gpt-5-mini', 'x'.repeat(64)];

/** Every tag with the hash of three bytes under it, and where voters belong. */
export function vectors(): unknown {
  const bytes = Uint8Array.of(1, 2, 3);
  return show({
    sha256: { empty: sha256(), bytes: sha256(bytes) },
    tagged: Object.values(TAGS).map(({ tag }) => ({ tag, bytes, hash: tagged(tag, bytes) })),
    slots: VOTERS.map((voter) => ({
      space: 'main',
      voter,
      slot: slotOf('main', voter),
      shards: [1, 4, 16, 64].map((shards) => ({ shards, shard: shardOf('main', voter, shards) })),
    })),
  });
}
