/*
 * A model votes: `node client/examples/vote.ts SPACE SESSION MODEL KEY-FILE URL…`. KEY-FILE holds the 64 hex digits of the
 * model's secret key. Instead of the constant weight the model would read the proposals and make up its mind.
 */
import { readFileSync } from 'node:fs';
import { connect } from '../client.ts';
import { voterKey } from '../keys.ts';

const [space = 'main', session = '', voter = '', keyFile = '', ...urls] = process.argv.slice(2);
const key = voterKey(Uint8Array.from(Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'hex')));
const client = connect({ urls });
try {
  const { proposals } = await client.call('session_get', { space, session });
  const entries = proposals.map(({ id, title }) => ({ proposal: id, choice: 7, comment: `${title}: sounds good` }));
  const { outcome, ballot, height } = await client.vote({ space, session, voter, key, entries });
  console.log(`${outcome} at height ${height}: ballot ${ballot}`);
} finally {
  client.close();
}
