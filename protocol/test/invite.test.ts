import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verify } from '../crypto/verify.ts';
import { codeOf } from '../errors.ts';
import { parseId } from '../ids.ts';
import { type InviteJson, parseInvite, signInvite } from '../invite.ts';
import { GENESIS, STRANGER, VALIDATORS } from './governance/world.ts';

const [sponsor = STRANGER, other = STRANGER] = VALIDATORS;
const PEER = `12D3KooW${'A'.repeat(44)}`;
const facts = { genesis: GENESIS, name: parseId('acme'), peer: PEER, sponsor: parseId('node1') };

function codeFor(change: object, key = sponsor): string | undefined {
  try {
    parseInvite({ ...signInvite(facts, key), ...change }, verify);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

test('an invite comes back from its file as it was signed', () => {
  const nodeKey = 'ab'.repeat(32);
  const invite = parseInvite(JSON.parse(JSON.stringify({ ...signInvite(facts, sponsor), nodeKey })), verify);
  assert.deepEqual([invite.name, invite.peer, invite.sponsor, invite.genesis], ['acme', PEER, 'node1', GENESIS]);
  assert.equal(invite.nodeSeed?.length, 32);
});

test('what is changed is refused, each by its name', () => {
  const changed: InviteJson = { ...signInvite(facts, sponsor) };
  const genesis = { ...changed.genesis, createdAt: '2020-01-01T00:00:00.000Z' };
  const cases: [object, string][] = [
    [{ format: 'waggle-invite/2' }, 'WAGGLE_INVITE_FORM'],
    [{ name: 'Acme' }, 'WAGGLE_INVITE_FORM'],
    [{ name: 'acme2' }, 'WAGGLE_INVITE_SIGNATURE'],
    [{ sponsor: 'node2' }, 'WAGGLE_INVITE_SIGNATURE'],
    [{ sponsor: 'nobody' }, 'WAGGLE_INVITE_SIGNATURE'],
    [{ peer: `12D3KooW${'B'.repeat(44)}` }, 'WAGGLE_INVITE_SIGNATURE'],
    [{ peer: '../x' }, 'WAGGLE_INVITE_FORM'],
    [{ chain: '00'.repeat(32) }, 'WAGGLE_INVITE_CHAIN'],
    [{ network: 'other' }, 'WAGGLE_INVITE_CHAIN'],
    [{ genesis }, 'WAGGLE_INVITE_CHAIN'],
    [{ genesis: 1 }, 'WAGGLE_GENESIS_FORM'],
    [{ signature: '00' }, 'WAGGLE_INVITE_FORM'],
    [{ nodeKey: 7 }, 'WAGGLE_INVITE_FORM'],
  ];
  for (const [change, code] of cases) assert.equal(codeFor(change), code, JSON.stringify(change).slice(0, 60));
  assert.equal(codeFor({}, other), 'WAGGLE_INVITE_SIGNATURE');
});

test('no value makes reading an invite fail in another way', () =>
  fc.assert(
    fc.property(fc.anything(), (value) => {
      try {
        parseInvite(value, verify);
      } catch (error) {
        assert.notEqual(codeOf(error), undefined);
      }
    }),
  ));
