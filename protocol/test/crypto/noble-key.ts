import { Point } from '@noble/ed25519';
import { toHex } from '../../hex.ts';

/** The rule for registered keys by other code than ours: canonical, of large order, free of torsion. */
export function isRegistrableByNoble(publicKey: Uint8Array): boolean {
  try {
    const point = Point.fromHex(toHex(publicKey), false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}
