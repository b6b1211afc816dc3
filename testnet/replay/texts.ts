import { isCanonicalText } from '../../protocol/codec/text.ts';
import type { Finding } from './finding.ts';

/**
 * A text as the ledger takes it: canonical and at most `bytesMax` bytes. One that does not fit is left out, and said so; it
 * is never shortened or rewritten, since somebody else wrote it. Undefined for what is no text, or blank.
 */
export function fitText(
  session: string,
  subject: string,
  value: unknown,
  bytesMax: number,
  findings: Finding[],
): string | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const bytes = new TextEncoder().encode(value).length;
  if (bytes <= bytesMax && isCanonicalText(value)) return value;
  const fault = bytes > bytesMax ? `${bytes} bytes, at most ${bytesMax}` : 'not NFC, or with control characters';
  findings.push({ session, code: 'TEXT_FORM', subject, detail: `${fault}; the text is left out` });
  return undefined;
}
