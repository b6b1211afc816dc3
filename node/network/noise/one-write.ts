import type { MessageStream } from '@libp2p/interface';

/** Bytes in parts, as the library hands them down to a socket. */
interface Parts extends Iterable<Uint8Array> {
  subarray(): Uint8Array;
}

/** A connection of the library's TCP transport, which writes each part by itself. */
interface PartWriter {
  sendData(parts: Iterable<Uint8Array>): unknown;
}

/**
 * The same connection: what it is given to send becomes one part first. Noise hands the length and the text of a message over as
 * two parts, and the TCP transport makes two writes of them: two system calls and two packets to send, and two wake-ups of the
 * receiver, for every vote. Copying costs less than a write.
 */
export function joinParts(connection: MessageStream): void {
  if (!isPartWriter(connection)) return;
  const sendData = connection.sendData.bind(connection);
  connection.sendData = (parts: Parts) => sendData([parts.subarray()]);
}

function isPartWriter(connection: MessageStream): connection is MessageStream & PartWriter {
  return 'sendData' in connection;
}
