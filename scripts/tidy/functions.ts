/** A function body longer than allowed: where it opens and its lines, braces included. */
export type LongFunction = { offset: number; lines: number };

const NOT_FUNCTIONS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with']);

/** Functions, methods and arrows with a body of more than `linesMax` lines, in code blanked by the scanner. */
export function longFunctions(code: string, linesMax: number): LongFunction[] {
  const open: { offset: number; line: number; isFunction: boolean }[] = [];
  const found: LongFunction[] = [];
  let line = 1;
  for (let i = 0; i < code.length; i++) {
    const char = code[i];
    if (char === '\n') line++;
    else if (char === '{') open.push({ offset: i, line, isFunction: opensFunction(code, i) });
    else if (char === '}') {
      const block = open.pop();
      if (block?.isFunction !== true) continue;
      const lines = line - block.line + 1;
      if (lines > linesMax) found.push({ offset: block.offset, lines });
    }
  }
  return found.sort((a, b) => a.offset - b.offset);
}

function opensFunction(code: string, brace: number): boolean {
  const before = code.slice(Math.max(0, brace - 300), brace).trimEnd();
  if (before.endsWith('=>')) return true;
  const signature = /\)\s*(?::[^;{}()=]*)?$/.exec(before);
  if (signature === null) return false;
  const close = brace - (code.slice(0, brace).length - code.slice(0, brace).trimEnd().length) - signature[0].length;
  const name = /([\w$]+)\s*(?:<[^()]*>)?\s*$/.exec(
    code.slice(Math.max(0, matching(code, close) - 80), matching(code, close)),
  );
  return name === null ? /\bfunction\b/.test(before) : !NOT_FUNCTIONS.has(name[1] ?? '');
}

/** Offset of the parenthesis that `close` closes. */
function matching(code: string, close: number): number {
  let depth = 0;
  for (let i = close; i >= 0; i--) {
    if (code[i] === ')') depth++;
    if (code[i] === '(' && --depth === 0) return i;
  }
  return 0;
}
