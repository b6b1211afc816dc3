import type { Certificate } from '../../protocol/certificate.ts';
import type { Choice, Entry, ModelRecord, SpaceRecord } from '../../protocol/governance/types.ts';
import { toHex } from '../../protocol/hex.ts';

/** RFC 3339 UTC with milliseconds (interface.md, Encodings). */
export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The record without its undefined fields. */
export function defined<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row;
}

export function renderCertificate(certificate: Certificate | undefined) {
  if (certificate === undefined) return null;
  const { kind, epoch, view, blockHash, signers, signatures } = certificate;
  return {
    kind,
    epoch,
    view,
    blockHash: blockHash === undefined ? null : toHex(blockHash),
    signers: [...signers],
    signatures: signatures.map(toHex),
  };
}

/** A choice in its shortest form, as it is given: a number or a word. */
function renderChoice(choice: Choice): number | string {
  return choice.method === 'score' ? choice.weight : choice.stance;
}

export function renderEntry({ proposal, choice, comment, veto }: Entry) {
  return defined({ proposal, choice: renderChoice(choice), comment, veto });
}

export function renderModel(model: ModelRecord & { readonly registeredHeight: number }) {
  const { key, aliases, id, operator, auth, label, provider, role, sizeClass, registeredHeight } = model;
  const status = auth === 'voter' && key === undefined ? 'revoked' : 'active';
  return defined({
    id,
    key: key === undefined ? undefined : toHex(key),
    operator,
    auth,
    label,
    provider,
    role,
    sizeClass,
    aliases: aliases === undefined ? undefined : [...aliases],
    status,
    registeredHeight,
  });
}

export function renderSpace({ id, title, label, openers }: SpaceRecord) {
  return defined({ id, title, label, openers: openers.map(toHex) });
}
