import { noise } from '@chainsafe/libp2p-noise';
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
 * Noise, with each of its messages in one write. It hands its length and its text over as two parts, and the TCP transport
 * makes two writes of them: two system calls and two packets to send, and two wake-ups of the receiver, for every vote.
 */
export function noiseInOneWrite(): ReturnType<typeof noise> {
  const make = noise();
  return (components) => {
    const encrypter = make(components);
    const secureOutbound = encrypter.secureOutbound.bind(encrypter);
    const secureInbound = encrypter.secureInbound.bind(encrypter);
    encrypter.secureOutbound = (connection, options) => secureOutbound(joinParts(connection), options);
    encrypter.secureInbound = (connection, options) => secureInbound(joinParts(connection), options);
    return encrypter;
  };
}

/** The same connection: what it is given to send becomes one part first. Copying costs less than a write. */
function joinParts(connection: MessageStream): MessageStream {
  if (!isPartWriter(connection)) return connection;
  const sendData = connection.sendData.bind(connection);
  connection.sendData = (parts: Parts) => sendData([parts.subarray()]);
  return connection;
}

function isPartWriter(connection: MessageStream): connection is MessageStream & PartWriter {
  return 'sendData' in connection;
}
