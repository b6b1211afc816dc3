/** ASCII that needs no further look: printable, tab and newline. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;
/** Controls but tab and newline, and the characters that reorder text for a reader (reliability.md 6, rule 10). */
const FORBIDDEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;
const TAB = 0x09;
const NEWLINE = 0x0a;

/** Whether a text has one spelling only and shows what it says: well-formed, NFC, no controls, no bidi overrides. */
export function isCanonicalText(text: string): boolean {
  if (isPlainText(text)) return true;
  return text.isWellFormed() && text.normalize('NFC') === text && !FORBIDDEN.test(text.replace(/[\t\n]/g, ''));
}

/** Whether a UTF-16 unit, or a byte of UTF-8, is a whole character of plain ASCII: canonical whatever stands beside it. */
export function isPlain(unit: number): boolean {
  return unit >= 0x20 ? unit <= 0x7e : unit === TAB || unit === NEWLINE;
}

/** Whether all of it is: then its units are its bytes. */
export function isPlainText(text: string): boolean {
  return PLAIN.test(text);
}
