import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { toHex } from '../../protocol/hex.ts';

test('a line of the log is one JSON object, whatever stands in it, and a key in it says "[secret]"', () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const seed = new Uint8Array(32).fill(0xab);
  const log = pino({ base: null }, stream);
  const sent = 'two\nlines "and" \u2028 more\u0000';
  log.info({ event: 'a.b', key: keyPairFromSeed(seed), nested: { pairs: [keyPairFromSeed(seed)] }, sent });
  const [line = ''] = lines;
  assert.equal(lines.length, 1);
  assert.equal(line.indexOf('\n'), line.length - 1);
  const { key, nested, sent: read } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([key, nested, read], ['[secret]', { pairs: ['[secret]'] }, sent]);
  assert.ok(!line.includes(toHex(seed)) && !line.includes('171,171'));
});
