import type { Message, SnapshotRequest } from '../../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../../consensus/wire.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import type { SnapshotFetchParts } from './snapshot-fetch.ts';

/**
 * Ask a peer for something that is one message. A copy of it: what is kept of it outlives the buffer it came in with others.
 * @returns undefined where it answered nothing
 * @throws WaggleError WAGGLE_SYNC_ANSWER_LENGTH for a second message; those of the request and of the message's form
 */
export async function askOne(
  request: SnapshotFetchParts['request'],
  peer: string,
  asked: SnapshotRequest,
  signal: AbortSignal,
): Promise<Message | undefined> {
  let message: Message | undefined;
  const onFrame = (bytes: Uint8Array): void => {
    if (message !== undefined) throw new WaggleError('WAGGLE_SYNC_ANSWER_LENGTH');
    message = decodeMessage(bytes.slice());
  };
  await request(peer, encodeMessage(asked), onFrame, signal);
  return message;
}
