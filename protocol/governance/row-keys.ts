/** Keys of rows. Ids hold no slash, so no two rows share a key. */

export function sessionKey(space: string, session: string): string {
  return `${space}/${session}`;
}

export function headKey(space: string, session: string, voter: string): string {
  return `${space}/${session}/${voter}`;
}

export function tallyKey(space: string, session: string, proposal: string, shard: number): string {
  return `${space}/${session}/${proposal}/${shard}`;
}
