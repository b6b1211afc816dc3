import { noise } from '@chainsafe/libp2p-noise';
import type { MessageStream, SecuredConnection } from '@libp2p/interface';
import { quietEvents } from '../quiet-events.ts';
import { noiseCrypto } from './cipher.ts';
import { decodeWithoutErrors } from './messages.ts';
import { joinParts } from './one-write.ts';

/** Noise as the library speaks it, at less cost for each small message: the bytes on the wire are the same. */
export function leanNoise(): ReturnType<typeof noise> {
  const make = noise({ crypto: noiseCrypto });
  return (components) => {
    const encrypter = make(components);
    const secureOutbound = encrypter.secureOutbound.bind(encrypter);
    const secureInbound = encrypter.secureInbound.bind(encrypter);
    encrypter.secureOutbound = async (socket, options) => secured(await secureOutbound(prepared(socket), options));
    encrypter.secureInbound = async (socket, options) => secured(await secureInbound(prepared(socket), options));
    return encrypter;
  };
}

function prepared(socket: MessageStream): MessageStream {
  joinParts(socket);
  quietEvents(socket);
  return socket;
}

/** Before anything else runs: what the socket brings next finds the connection so. */
function secured<Secured extends SecuredConnection>(result: Secured): Secured {
  decodeWithoutErrors(result.connection);
  quietEvents(result.connection);
  return result;
}
