// How the SVG looks, light and dark; on paper always light.

const LIGHT = { paper: '#fff', ink: '#1b2733', soft: '#5b6b7b', line: '#d7dee5', branch: '#9aa8b5', today: '#0b5cad' };
const DARK = {
  paper: '#14191f',
  ink: '#e8edf2',
  soft: '#9fb0c0',
  line: '#2c3742',
  branch: '#5d6e7e',
  today: '#6cb2ff',
};
const LIGHT_STATUS = { ok: '#2f7d4f', info: '#2a6fb0', warning: '#a15c00', error: '#b3261e' };
const DARK_STATUS = { ok: '#63b98a', info: '#6cb2ff', warning: '#e6a23c', error: '#ff7b72' };

type Colours = Readonly<Record<string, string>>;

const rules = (colours: Colours, status: Colours): string =>
  [
    `.paper{fill:${colours.paper}}`,
    `.title,.heading,.name{fill:${colours.ink}}`,
    `.small{fill:${colours.soft};stroke:${colours.paper}}`,
    `.now{fill:${colours.today}}`,
    `.tick{stroke:${colours.line}}`,
    `.branch{stroke:${colours.branch}}`,
    `.today{stroke:${colours.today}}`,
    ...Object.entries(status).map(([name, colour]) => `.${name}{fill:${colour}}`),
  ].join('');

export const SVG_STYLE = [
  "text{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px}",
  '.title{font-size:17px;font-weight:600}.heading{font-size:14px;font-weight:600}.root{font-weight:600}',
  '.small,.now{font-size:11px}.now{font-weight:600}.small{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}',
  '.tick,.branch{stroke-width:1}.today{stroke-width:1.5;stroke-dasharray:4 3}',
  rules(LIGHT, LIGHT_STATUS),
  `@media screen and (prefers-color-scheme:dark){${rules(DARK, DARK_STATUS)}}`,
].join('');
