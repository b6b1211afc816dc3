import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto';
import fc from 'fast-check';
import { codeOf } from '../../protocol/errors.ts';
import { noiseCrypto } from '../network/noise/cipher.ts';
import { decodeWithoutErrors, NoiseMessages } from '../network/noise/messages.ts';
import { quietEvents } from '../network/quiet-events.ts';

const SEED = 20261130;

/** Messages as they travel: u16 big-endian length, then the bytes. */
function joined(messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [message.length >> 8, message.length & 255, ...message]));
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(at, at + length));
    at = Math.min(bytes.length, at + length);
  }
  return [...chunks, bytes.subarray(at)];
}

describe('messages of Noise', () => {
  it('come out as they went in, however the bytes are cut, without the empty ones', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 12 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), (list, lengths) => {
        const decoder = new NoiseMessages();
        const decoded = cut(joined(list), lengths).flatMap((chunk) => [...decoder.decode(chunk)]);
        assert.deepEqual(
          decoded,
          list.filter(({ length }) => length > 0),
        );
      }),
      { seed: SEED },
    );
  });

  it('are as long as 65,535 bytes, and each comes with its last byte', () => {
    const bytes = joined([new Uint8Array(65_535).fill(7)]);
    const decoder = new NoiseMessages();
    for (let at = 0; at < bytes.length - 1; at += 1) {
      assert.equal([...decoder.decode(bytes.slice(at, at + 1))].length, 0);
    }
    assert.deepEqual([...decoder.decode(bytes.slice(-1))], [new Uint8Array(65_535).fill(7)]);
  });

  it('keep their order when more is decoded between two of them', () => {
    const decoder = new NoiseMessages();
    const firsts: number[] = [];
    for (const [first = 0] of decoder.decode(joined([Uint8Array.of(1), Uint8Array.of(2)]))) {
      firsts.push(first);
      if (first === 1) for (const [inner = 0] of decoder.decode(joined([Uint8Array.of(3)]))) firsts.push(inner);
    }
    assert.deepEqual(firsts, [1, 2, 3]);
  });

  it('are refused when more waits than may', () => {
    const decode = () => [...new NoiseMessages().decode(new Uint8Array(16 * 1024 * 1024 + 1))];
    assert.throws(decode, (error) => codeOf(error) === 'WAGGLE_NETWORK_FRAME_OVERSIZE');
  });

  it('are left to the library where it is made otherwise, or has begun', () => {
    const decode = () => [];
    const begun = { decoder: { buffer: { byteLength: 1 }, decode } };
    for (const connection of [{}, { decoder: undefined }, { decoder: { decode } }, begun]) {
      const before = structuredClone(Object.keys(connection));
      decodeWithoutErrors(connection);
      assert.deepEqual(Object.keys(connection), before);
    }
    assert.equal(begun.decoder.decode, decode);
    const fresh = { decoder: { buffer: { byteLength: 0 }, decode } };
    decodeWithoutErrors(fresh);
    assert.notEqual(fresh.decoder.decode, decode);
  });
});

describe("Noise's cipher", () => {
  const [nonce, key] = [new Uint8Array(12).fill(5), new Uint8Array(32).fill(9)];
  const attached = [new Uint8Array(0), new Uint8Array(32).fill(1)];
  const SIZES = [0, 1, 48, 272, 1_199, 1_200, 16_367, 16_368, 16_384, 65_519];

  it("is the library's, in both directions", () => {
    for (const ad of attached) {
      for (const size of SIZES) {
        const text = new Uint8Array(size).fill(size);
        const sealed = noiseCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key).subarray();
        assert(Buffer.from(sealed).equals(defaultCrypto.chaCha20Poly1305Encrypt(text, nonce, ad, key).subarray()));
        assert(Buffer.from(noiseCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key).subarray()).equals(text));
        // As the library asks for it: onto the bytes that are read.
        const inPlace = noiseCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key, sealed.subarray(0, size));
        assert(Buffer.from(inPlace.subarray()).equals(text), `${size} bytes`);
      }
    }
  });

  it('refuses what was changed or cut, wherever', () => {
    for (const size of [0, 1, 272, 16_384]) {
      const sealed = noiseCrypto
        .chaCha20Poly1305Encrypt(new Uint8Array(size), nonce, new Uint8Array(0), key)
        .subarray();
      const open = (bytes: Uint8Array) => noiseCrypto.chaCha20Poly1305Decrypt(bytes, nonce, new Uint8Array(0), key);
      for (const at of [0, size >> 1, size, sealed.length - 1]) {
        const changed = Uint8Array.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        assert.throws(() => open(changed));
      }
      for (const bytes of [sealed.subarray(1), sealed.subarray(0, -1), sealed.subarray(0, 15), sealed.subarray(0, 0)]) {
        assert.throws(() => open(bytes));
      }
    }
  });
});

describe('events', () => {
  it('are made for whoever listens, and for nobody else', () => {
    let listeners = 0;
    const told: string[] = [];
    const emitter = {
      listenerCount: () => listeners,
      safeDispatchEvent: (type: string) => told.push(type) > 0,
    };
    quietEvents(emitter);
    assert(emitter.safeDispatchEvent('idle'));
    assert.deepEqual(told, []);
    listeners = 1;
    assert(emitter.safeDispatchEvent('idle'));
    assert.deepEqual(told, ['idle']);
    quietEvents({});
  });
});
