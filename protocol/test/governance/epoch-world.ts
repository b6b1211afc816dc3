import assert from 'node:assert/strict';
import type { KeyPair } from '../../crypto/keys.ts';
import type { Genesis } from '../../genesis.ts';
import { approvedChange, epochOf, sealEpoch } from '../../governance/epochs.ts';
import {
  changeNameBody,
  type ParamsPropose,
  paramsProposeBody,
  type RosterPropose,
  rosterProposeBody,
} from '../../governance/operations/network-change.ts';
import type { ChangeRow } from '../../governance/state.ts';
import { parseId } from '../../ids.ts';
import type { Outcome } from '../../outcome.ts';
import { createRoster, type Validator } from '../../roster.ts';
import { ADMINS, GENESIS, pair, World } from './world.ts';

/** 52 characters that look like an ed25519 peer id; the ledger does not ask for more. */
export const peerOf = (at: number): string => `12D3KooW${at.toString(2).padStart(44, '0').replaceAll('0', 'z')}`;

/** As GENESIS, with peers that may be named again in a proposal, and `count` validators. */
export function genesisOf(count = 4): Genesis {
  const validators = Array.from({ length: count }, (_, at) => ({
    name: parseId(`node${at + 1}`),
    key: pair(1 + at).publicKey,
    peer: peerOf(1 + at),
    addrs: [],
  }));
  return { ...GENESIS, validators };
}

export const NEWCOMER = pair(31);

export function validator(name: string, key: KeyPair = NEWCOMER, changed: Partial<Validator> = {}): Validator {
  return { name: parseId(name), key: key.publicKey, peer: peerOf(40), addrs: [], ...changed };
}

/** A world in which people change the network, epoch by epoch. */
export class EpochWorld extends World {
  /** By all admins, for the epoch that is current unless the body says otherwise. */
  rosterChange(change: Partial<RosterPropose>, signers: readonly KeyPair[] = ADMINS): Outcome {
    const body = rosterProposeBody({ epoch: epochOf(this.state).epoch, ...change });
    return this.apply(this.operation('roster.propose', body, signers)).outcome;
  }

  paramsChange(change: Partial<ParamsPropose>, signers: readonly KeyPair[] = ADMINS): Outcome {
    const body = paramsProposeBody({ epoch: epochOf(this.state).epoch, ...change });
    return this.apply(this.operation('params.propose', body, signers)).outcome;
  }

  /** The change that ends an epoch, withdrawn or not. */
  change(epoch: number = epochOf(this.state).epoch): ChangeRow {
    const row = this.state.changes.get(String(epoch));
    assert.ok(row, 'a change was proposed');
    return row;
  }

  ready(key: KeyPair, named: { epoch: number; operation: Uint8Array } = this.change()): Outcome {
    const body = changeNameBody({ epoch: named.epoch, change: named.operation });
    return this.apply(this.operation('roster.ready', body, [key])).outcome;
  }

  withdraw(signers: readonly KeyPair[] = ADMINS, change: Uint8Array = this.change().operation): Outcome {
    const body = changeNameBody({ epoch: epochOf(this.state).epoch, change });
    return this.apply(this.operation('change.withdraw', body, signers)).outcome;
  }

  /** A block that ends the epoch with the approved change, and nothing in it. */
  seal(): void {
    const change = approvedChange(this.state);
    assert.ok(change, 'a change is approved');
    this.begin();
    sealEpoch(this.state, this.context, change.next);
    this.roster = createRoster(this.state.chain, change.next.epoch, change.next.validators);
    this.end();
  }
}
