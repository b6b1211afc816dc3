import { type Frame, ownerOf } from './cpu-profile.ts';

const WIDTH = 1_200;
const ROW = 17;
const TOP = 34;
const PIXELS_A_CHARACTER = 6.4;
/** Narrower frames are left out: together they are what a row is shorter than the one below. */
const SHARE_MIN = 0.005;
/** Deeper ones are left out, and their time stays with the last that is shown. */
const DEPTH_MAX = 48;

interface Box {
  readonly frame: Frame;
  readonly depth: number;
  readonly x: number;
  readonly width: number;
}

/**
 * An SVG of where the time went: a box is a function, as wide as its share of the whole, above who called it. The same
 * profile gives the same bytes. Boxes of one caller stand in the order of their names, so two graphs can be compared.
 */
export function flameGraph(title: string, root: Frame): string {
  const boxes = boxesOf(root);
  const rows = Math.max(...boxes.map(({ depth }) => depth)) + 1;
  const height = TOP + rows * ROW + 6;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="6" y="20" font-family="sans-serif" font-size="15">${escapeXml(title)}</text>`,
    ...boxes.map((box) => draw(box, TOP + (rows - 1 - box.depth) * ROW, root.totalUs)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function boxesOf(root: Frame): Box[] {
  const boxes: Box[] = [];
  const place = (frame: Frame, depth: number, x: number): void => {
    const width = (frame.totalUs / root.totalUs) * WIDTH;
    boxes.push({ frame, depth, x, width });
    if (depth + 1 >= DEPTH_MAX) return;
    let at = x;
    for (const [, child] of [...frame.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (child.totalUs < root.totalUs * SHARE_MIN) continue;
      place(child, depth + 1, at);
      at += (child.totalUs / root.totalUs) * WIDTH;
    }
  };
  place(root, 0, 0);
  return boxes;
}

function draw({ frame, x, width }: Box, y: number, allUs: number): string {
  const percent = ((100 * frame.totalUs) / allUs).toFixed(1);
  const place = frame.place === '' ? '' : ` ${frame.place}`;
  const room = Math.floor((width - 6) / PIXELS_A_CHARACTER);
  const label = frame.name.length <= room ? frame.name : frame.name.slice(0, Math.max(0, room - 1));
  const text = room < 3 ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escapeXml(label)}</text>`;
  const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.5, width - 0.5).toFixed(1)}" height="${ROW - 1}"`;
  return `<g><title>${escapeXml(frame.name + place)} ${percent} %</title>${box} fill="${colourOf(frame)}"/>${text}</g>`;
}

/** A colour for whose code it is: rooms of this project, packages, Node, V8. */
function colourOf(frame: Frame): string {
  const owner = ownerOf(frame);
  if (owner === 'native' || owner === 'garbage-collector') return '#dddddd';
  if (owner === 'node') return '#cfe3c8';
  if (owner.startsWith('protocol')) return '#f2b5a0';
  if (owner.startsWith('consensus')) return '#f7d08a';
  if (owner.startsWith('node/')) return '#f9e7a0';
  return '#b9d3ea';
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
