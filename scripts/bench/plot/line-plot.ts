/** A line through points, or none where it has fewer than two. */
export interface PlotSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LinePlot {
  readonly title: string;
  readonly x: { readonly label: string };
  readonly y: { readonly label: string };
  readonly series: readonly PlotSeries[];
}

const WIDTH = 720;
const HEIGHT = 360;
const LEFT = 70;
const RIGHT = 20;
const TOP = 56;
const BOTTOM = 52;
const TICKS = 6;
const COLOURS = ['#1b6ca8', '#d1495b', '#2e8b57', '#e0a030', '#6a4c93', '#555555', '#00a6a6', '#b56576'];

/** The span that a place in pixels stands for. */
interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/**
 * An SVG of lines with axes, ticks and a legend. The same input gives the same bytes; points that are no numbers are
 * left out; both axes start at zero unless something is below it.
 */
export function linePlot({ title, x, y, series }: LinePlot): string {
  const lines = series.map(({ name, points }) => ({
    name,
    points: points.filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value)),
  }));
  const all = lines.flatMap(({ points }) => points);
  const across = scale(
    all.map(([at]) => at),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scale(
    all.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 20, title, 'font-size="15"'),
    ...axes(across, up),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x.label, 'text-anchor="middle"'),
    text(16, (TOP + HEIGHT - BOTTOM) / 2, y.label, `text-anchor="middle" ${turned(16, (TOP + HEIGHT - BOTTOM) / 2)}`),
    ...lines.map(({ points }, index) => path(points, across, up, colourOf(index))),
    ...legend(lines.map(({ name }) => name)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function axes(across: Scale, up: Scale): string[] {
  const bottom = HEIGHT - BOTTOM;
  const right = WIDTH - RIGHT;
  return [
    ...up.ticks.flatMap((value) => {
      const at = round(up.at(value));
      return [
        `<path d="M${LEFT} ${at}H${right}" stroke="#e4e4e4"/>`,
        text(LEFT - 8, at + 4, label(value), 'text-anchor="end"'),
      ];
    }),
    ...across.ticks.flatMap((value) => {
      const at = round(across.at(value));
      return [
        `<path d="M${at} ${bottom}v5" stroke="#333333"/>`,
        text(at, bottom + 19, label(value), 'text-anchor="middle"'),
      ];
    }),
    `<path d="M${LEFT} ${TOP}V${bottom}H${right}" fill="none" stroke="#333333"/>`,
  ];
}

function path(points: PlotSeries['points'], across: Scale, up: Scale, colour: string): string {
  const d = points.map(([at, value], index) => {
    return `${index === 0 ? 'M' : 'L'}${round(across.at(at))} ${round(up.at(value))}`;
  });
  return `<path d="${d.join('')}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round"/>`;
}

function legend(names: readonly string[]): string[] {
  let left = LEFT;
  return names.flatMap((name, index) => {
    const at = left;
    left += 34 + name.length * 7;
    return [`<path d="M${at} 38h18" stroke="${colourOf(index)}" stroke-width="3"/>`, text(at + 23, 42, name, '')];
  });
}

/** From the lowest value or zero to a round number at or above the highest, in round steps. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const high = values.reduce((most, value) => Math.max(most, value), low + Number.EPSILON);
  const step = roundStep((high - low) / TICKS);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return { ticks, at: (value) => from + ((value / step - first) / (last - first)) * (to - from) };
}

/** 1, 2 or 5 times a power of ten, at or above the wish. */
function roundStep(wish: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(wish, 1e-9)));
  const factor = [1, 2, 5].find((one) => one * power >= wish * 0.999);
  return (factor ?? 10) * power;
}

function label(value: number): string {
  if (Math.abs(value) >= 10_000) return `${Number((value / 1_000).toPrecision(6))}k`;
  return String(Number(value.toPrecision(6)));
}

function text(x: number, y: number, content: string, attributes: string): string {
  const gap = attributes === '' ? '' : ` ${attributes}`;
  return `<text x="${round(x)}" y="${round(y)}"${gap}>${escapeXml(content)}</text>`;
}

function turned(x: number, y: number): string {
  return `transform="rotate(-90 ${round(x)} ${round(y)})"`;
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000000';
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
