/** A command of a page as somebody would type it, and what the page shows of its output. */
export interface DocCommand {
  readonly page: string;
  /** Line of the page, from 1. */
  readonly line: number;
  readonly text: string;
  /** Undefined where nothing is shown. */
  readonly output: readonly string[] | undefined;
}

/** A file that a page shows: a block whose first line is a comment with its name. */
export interface DocFile {
  readonly name: string;
  readonly text: string;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly lines: readonly string[];
}

/** Fenced blocks of a page, in order. */
function blocksOf(markdown: string): Block[] {
  const found: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [at, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { language: fence[1] ?? '', line: at + 2, lines: [] };
    else {
      found.push(open);
      open = undefined;
    }
  }
  return found;
}

export function filesOf(markdown: string): DocFile[] {
  return blocksOf(markdown).flatMap(({ lines }) => {
    const name = /^# ([\w-]+\.(?:yaml|json))$/.exec(lines[0] ?? '')?.[1];
    return name === undefined ? [] : [{ name, text: `${lines.join('\n')}\n` }];
  });
}

/** Every command of the `sh` and `console` blocks: in the first each line is one, in the second what follows `$ `. */
export function commandsOf(page: string, markdown: string): DocCommand[] {
  return blocksOf(markdown).flatMap((block) => {
    if (block.language === 'sh') return shellCommands(page, block);
    return block.language === 'console' ? consoleCommands(page, block) : [];
  });
}

function shellCommands(page: string, { line, lines }: Block): DocCommand[] {
  const found: DocCommand[] = [];
  let [text, from] = ['', line];
  for (const [at, part] of lines.entries()) {
    if (text === '') from = line + at;
    text += part;
    if (part.endsWith('\\')) {
      text = `${text.slice(0, -1)} `;
      continue;
    }
    if (text.trim() !== '' && !text.startsWith('#'))
      found.push({ page, line: from, text: bare(text), output: undefined });
    text = '';
  }
  return found;
}

function consoleCommands(page: string, { line, lines }: Block): DocCommand[] {
  const starts = lines.flatMap((text, at) => (text.startsWith('$ ') ? [at] : []));
  return starts.map((start, index) => {
    const output = lines.slice(start + 1, starts[index + 1] ?? lines.length);
    return {
      page,
      line: line + start,
      text: bare((lines[start] ?? '').slice(2)),
      output: output.length === 0 ? undefined : output,
    };
  });
}

/** Without the remark behind it. */
function bare(text: string): string {
  return text.replace(/\s{2,}#\s.*$/, '').trim();
}

/** Whether output is as shown: `…` stands for any text, on a line of its own for any lines. */
export function isAsShown(shown: readonly string[], output: string): boolean {
  const wanted = shown
    .map((line) => (line.trim() === '…' ? '[^]*' : line.split('…').map(escaped).join('[^\\n]*')))
    .join('\n')
    // Any lines may be none.
    .replaceAll('\n[^]*\n', '\n(?:[^]*\n)?')
    .replace(/^\[\^\]\*\n/, '(?:[^]*\n)?')
    .replace(/\n\[\^\]\*$/, '(?:\n[^]*)?');
  return new RegExp(`^${wanted}\n?$`).test(output.trimEnd());
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
