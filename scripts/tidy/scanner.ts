/**
 * A small TypeScript scanner: enough to tell code from comments, strings and regular expressions. It keeps offsets,
 * so a finding in the blanked code has the line of the original.
 */

/** One string literal: offsets of its quotes in the source and the raw text between them. */
export type StringToken = { start: number; end: number; value: string };

/** `code` has comments and the insides of strings and regular expressions replaced by spaces; `comments` the reverse. */
export type Scan = { text: string; code: string; comments: string; strings: StringToken[] };

const REGEX_MAY_FOLLOW_WORD =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|instanceof|yield|await)$/;

/** Scan the source of one file. Never throws: an unclosed literal simply ends with the file. */
export function scan(text: string): Scan {
  const scanner = new Scanner(text);
  scanner.run();
  return { text, code: scanner.code.join(''), comments: scanner.comments.join(''), strings: scanner.strings };
}

/** 1-based line of an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

class Scanner {
  readonly code: string[];
  readonly comments: string[];
  readonly strings: StringToken[] = [];
  readonly #text: string;
  #at = 0;
  /** For every open `${`, the number of braces open inside it. */
  readonly #templates: number[] = [];
  /** The last code characters that are not white space, to tell division from a regular expression. */
  #before = '';

  constructor(text: string) {
    this.#text = text;
    this.code = blank(text);
    this.comments = blank(text);
  }

  run(): void {
    if (this.#text.startsWith('#!')) this.#comment(this.#lineEnd());
    while (this.#at < this.#text.length) this.#step();
  }

  #step(): void {
    const char = this.#text.charAt(this.#at);
    const pair = this.#text.slice(this.#at, this.#at + 2);
    if (pair === '//') this.#comment(this.#lineEnd());
    else if (pair === '/*') this.#comment(this.#after('*/', this.#at + 2));
    else if (char === "'" || char === '"') this.#string(char);
    else if (char === '`') this.#template(this.#at);
    else if (char === '/' && this.#regexMayStart()) this.#regex();
    else if (char === '}' && this.#templates.at(-1) === 0) this.#closeSubstitution();
    else {
      this.#countBrace(char);
      this.#keep(1);
    }
  }

  #countBrace(char: string): void {
    const depth = this.#templates.length - 1;
    const open = this.#templates[depth];
    if (open === undefined) return;
    if (char === '{') this.#templates[depth] = open + 1;
    if (char === '}') this.#templates[depth] = open - 1;
  }

  #keep(length: number): void {
    for (let i = 0; i < length; i++, this.#at++) {
      const char = this.#text.charAt(this.#at);
      this.code[this.#at] = char;
      if (char.trim() !== '') this.#before = (this.#before + char).slice(-12);
      else if (/[\w$]$/.test(this.#before)) this.#before = `${this.#before} `.slice(-12);
    }
  }

  #comment(end: number): void {
    for (; this.#at < end; this.#at++) this.comments[this.#at] = this.#text.charAt(this.#at);
  }

  #string(quote: string): void {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== '\n') {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#token(start, Math.min(end, this.#text.length));
  }

  /** Reads from a backtick, or from the `}` that ends a substitution, to the next substitution or the closing backtick. */
  #template(start: number): void {
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '`' && !this.#text.startsWith('${', end)) {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#token(start, Math.min(end, this.#text.length));
    if (this.#text[end] !== '$') return;
    this.#keep(1);
    this.#templates.push(0);
  }

  #closeSubstitution(): void {
    this.#templates.pop();
    this.#template(this.#at);
  }

  #token(start: number, end: number): void {
    this.strings.push({ start, end, value: this.#text.slice(start + 1, end) });
    this.#keep(1);
    this.#at = end;
    this.#keep(end < this.#text.length ? 1 : 0);
  }

  #regexMayStart(): boolean {
    const before = this.#before.trimEnd();
    if (before === '') return true;
    if (/[\w$]$/.test(before)) return REGEX_MAY_FOLLOW_WORD.test(before);
    return !/[)\]}'"`]$/.test(before) && !before.endsWith('++') && !before.endsWith('--');
  }

  #regex(): void {
    let end = this.#at + 1;
    let inClass = false;
    for (; end < this.#text.length && this.#text[end] !== '\n'; end++) {
      const char = this.#text[end];
      if (char === '\\') end++;
      else if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      else if (char === '/' && !inClass) break;
    }
    this.#keep(1);
    this.#at = Math.min(end, this.#text.length);
    this.#keep(this.#at < this.#text.length ? 1 : 0);
  }

  #lineEnd(): number {
    return this.#after('\n', this.#at) - (this.#text.includes('\n', this.#at) ? 1 : 0);
  }

  #after(mark: string, from: number): number {
    const found = this.#text.indexOf(mark, from);
    return found === -1 ? this.#text.length : found + mark.length;
  }
}

function blank(text: string): string[] {
  return Array.from({ length: text.length }, (_, i) => (text[i] === '\n' ? '\n' : ' '));
}
