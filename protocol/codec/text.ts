/** ASCII that needs no further look: printable, tab and newline. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;
/** Controls but tab and newline, and the characters that reorder text for a reader (reliability.md 6, rule 10). */
const FORBIDDEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Whether a text has one spelling only and shows what it says: well-formed, NFC, no controls, no bidi overrides. */
export function isCanonicalText(text: string): boolean {
  if (PLAIN.test(text)) return true;
  return text.isWellFormed() && text.normalize('NFC') === text && !FORBIDDEN.test(text.replace(/[\t\n]/g, ''));
}
