// What a template of one's own made of an entity, asked before anything runs: openssl's own words for what it lacks
// name neither the template nor the entity.
import type { ConfigProblem } from '../errors.ts';

/** Text of openssl's configuration syntax (config(5)): sections, each with its names and values. */
interface Reading {
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Lines that are none. */
  readonly wrong: readonly string[];
}

const SECTION = /^\s*\[\s*([^\]]*?)\s*\]/;
const PAIR = /^\s*([\w!.%&*+,\-/;?@^~|:\\]+)\s*=\s*(.*?)\s*$/;
const SILENT = /^\s*(#|$|\.(include|pragma)\b)/;

function read(text: string): Reading {
  const sections = new Map<string, Map<string, string>>();
  const wrong: string[] = [];
  const open = (name: string) => sections.set(name, sections.get(name) ?? new Map()).get(name)!;
  let current = open('default');
  for (const line of text.replace(/\\\r?\n/g, '').split(/\r?\n/)) {
    const section = SECTION.exec(line)?.[1];
    const [, name, value] = PAIR.exec(line) ?? [];
    if (section !== undefined) current = open(section);
    else if (SILENT.test(line)) continue;
    else if (name === undefined) wrong.push(line.trim());
    else current.set(name, value!);
  }
  return { sections, wrong };
}

/** What is wrong with the configuration of `stem`, which `file` made; `issued` is the section of its first profile. */
export function refuseRendered(file: string, stem: string, issued: string | undefined, text: string): ConfigProblem[] {
  const { sections, wrong } = read(text);
  const of = `in the configuration of "${stem}"`;
  const subject = sections.get('req')?.get('distinguished_name');
  const needed = ['req', 'certificate', ...(issued === undefined ? [] : [issued])];
  const lacking = needed.filter(name => !sections.has(name));
  return [
    ...wrong.map(found => ({ file, found, expected: `[section], name = value or # comment ${of}` })),
    ...lacking.map(name => ({ file, expected: `a section [${name}] ${of}` })),
    ...(sections.has('req') && !sections.has(subject ?? '')
      ? [
          {
            file,
            section: 'req',
            key: 'distinguished_name',
            found: subject,
            expected: `the section of the subject ${of}`,
          },
        ]
      : []),
  ];
}
