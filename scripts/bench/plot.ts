// Lines on two logarithmic axes as SVG: how a cost grows. A slope of 45 degrees is a cost in proportion.

export interface Line {
  readonly name: string;
  /** Count and seconds, by count. */
  readonly points: readonly (readonly [number, number])[];
}

const [WIDTH, HEIGHT] = [640, 400];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 150, 40, 50];
/** Told apart by people who do not see colours alike, too (Okabe and Ito 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];

/** Whole powers of ten around the values. */
function decades(values: readonly number[]): readonly [number, number] {
  return [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
}

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`;

/** A picture with one line for each; `across` names what is counted. */
export function plot(title: string, across: string, lines: readonly Line[]): string {
  const points = lines.flatMap(line => line.points);
  const [x0, x1] = decades(points.map(([x]) => x));
  const [y0, y1] = decades(points.map(([, y]) => y));
  const x = (value: number) => LEFT + ((Math.log10(value) - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((Math.log10(value) - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const powers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  const grid = [
    ...powers(x0, x1).map(
      value =>
        `<path class="grid" d="M${x(value)} ${TOP}V${HEIGHT - BOTTOM}"/>` +
        text(x(value), HEIGHT - BOTTOM + 18, value.toLocaleString('en'), 'text-anchor="middle"'),
    ),
    ...powers(y0, y1).map(
      value =>
        `<path class="grid" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/>` +
        text(LEFT - 8, y(value) + 4, `${value >= 1 ? value : value.toPrecision(1)} s`, 'text-anchor="end"'),
    ),
  ];
  const drawn = lines.map(({ name, points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const path = own.map(([a, b], n) => `${n === 0 ? 'M' : 'L'}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join('');
    const dots = own.map(
      ([a, b]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="3" fill="${colour}"/>`,
    );
    const [lastX, lastY] = own.at(-1)!;
    const label = text(x(lastX) + 8, y(lastY) + 4, name, `fill="${colour}"`);
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${label}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<style>.grid{stroke:#ddd;fill:none}</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(LEFT, 22, title, 'font-size="14" font-weight="bold"')}
${grid.join('\n')}
${drawn.join('\n')}
${text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, across, 'text-anchor="middle"')}
</svg>
`;
}
