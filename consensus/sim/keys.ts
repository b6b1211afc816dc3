import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { sha256 } from '../../protocol/crypto/sha256.ts';
import { type Verify, verify } from '../../protocol/crypto/verify.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';

export interface SimSigner {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** Where keys come from: the same name gives the same key. */
export interface Signatures {
  signer(name: string): SimSigner;
  /** One whose public key the ledger takes as new. */
  registrable(name: string): SimSigner;
  readonly verify: Verify;
}

const ENCODER = new TextEncoder();

/** Ed25519, as in production. */
export function realSignatures(): Signatures {
  const signer = (name: string): SimSigner => keyPairFromSeed(sha256(ENCODER.encode(`seed/${name}`)));
  return { signer, registrable: signer, verify };
}

/**
 * A stand-in hundreds of times cheaper: a hash keyed with a secret that only this table and the signer know. Nobody in
 * the simulation can make one for a key he was not given, which is all the rules ask of signatures.
 */
export function tableSignatures(): Signatures {
  const secrets = new Map<string, Uint8Array>();
  const byObject = new WeakMap<Uint8Array, Uint8Array>();
  const secretOf = (publicKey: Uint8Array): Uint8Array | undefined => {
    const known = byObject.get(publicKey);
    if (known !== undefined) return known;
    const secret = secrets.get(toHex(publicKey));
    if (secret !== undefined) byObject.set(publicKey, secret);
    return secret;
  };
  const signerOf = (name: string, publicKey: Uint8Array): SimSigner => {
    const secret = sha256(ENCODER.encode(`secret/${name}`));
    secrets.set(toHex(publicKey), secret);
    return { publicKey, sign: (message) => tag(secret, message) };
  };
  return {
    signer: (name) => signerOf(name, sha256(ENCODER.encode(`public/${name}`))),
    registrable: (name) => signerOf(name, keyPairFromSeed(sha256(ENCODER.encode(`seed/${name}`))).publicKey),
    verify: (publicKey, message, signature) => {
      const secret = secretOf(publicKey);
      return secret !== undefined && hashesEqual(tag(secret, message), signature);
    },
  };
}

function tag(secret: Uint8Array, message: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64);
  signature.set(sha256(secret, message));
  return signature;
}
