import type { Fraction } from '../../protocol/governance/types.ts';

/**
 * A fraction as a decimal text, exact and rounded half up at `digits` places: 185/3 with one digit is "61.7".
 * Not for negative ones.
 */
export function decimal({ num, den }: Fraction, digits = 1): string {
  const scale = 10n ** BigInt(digits);
  const [top, bottom] = [BigInt(num), BigInt(den)];
  const rounded = (2n * top * scale + bottom) / (2n * bottom);
  return placed(rounded, scale, digits);
}

/**
 * A fraction as a decimal text that never says more than it is: what is left out beyond `digits` places shows as "…".
 * 185/3 is "61.6…", which stays below a threshold of 61.65 to the eye as it does in the count.
 */
export function shortDecimal({ num, den }: Fraction, digits = 1): string {
  const scale = 10n ** BigInt(digits);
  const [top, bottom] = [BigInt(num) * scale, BigInt(den)];
  return `${placed(top / bottom, scale, digits)}${top % bottom === 0n ? '' : '…'}`;
}

const DIGITS_MAX = 6;

/** A fraction without any loss: "66.65" where that is the whole of it, else "200/3". */
export function exact(fraction: Fraction): string {
  for (let digits = 0; digits <= DIGITS_MAX; digits++) {
    const text = shortDecimal(fraction, digits);
    if (!text.endsWith('…')) return text;
  }
  return `${fraction.num}/${fraction.den}`;
}

function placed(scaled: bigint, scale: bigint, digits: number): string {
  const whole = (scaled / scale).toString();
  return digits === 0 ? whole : `${whole}.${(scaled % scale).toString().padStart(digits, '0')}`;
}
