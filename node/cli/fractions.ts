import type { Fraction } from '../../protocol/governance/types.ts';

/**
 * A fraction as a decimal text, exact and rounded half up at `digits` places: 185/3 with one digit is "61.7".
 * Not for negative ones.
 */
export function decimal({ num, den }: Fraction, digits = 1): string {
  const scale = 10n ** BigInt(digits);
  const [top, bottom] = [BigInt(num), BigInt(den)];
  const rounded = (2n * top * scale + bottom) / (2n * bottom);
  const whole = (rounded / scale).toString();
  return digits === 0 ? whole : `${whole}.${(rounded % scale).toString().padStart(digits, '0')}`;
}
