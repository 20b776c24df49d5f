// The openssl configurations of a PKI directory as text: ours, or what a template of one's own makes of them.

/** Values by key. */
export type Section = ReadonlyMap<string, string>;
export type Sections = ReadonlyMap<string, Section>;

interface Reading {
  readonly sections: Sections;
  /** Lines that are none. */
  readonly wrong: readonly string[];
}

const SECTION = /^\s*\[\s*([^\]]*?)\s*\]/;
const PAIR = /^\s*([\w!.%&*+,\-/;?@^~|:\\]+)\s*=\s*(.*?)\s*$/;
const SILENT = /^\s*(#|$|\.(include|pragma)\b)/;

/** Text of openssl's configuration syntax (config(5)): sections, each with its names and values. */
export function parseConfiguration(text: string): Reading {
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

export const readSections = (text: string): Sections => parseConfiguration(text).sections;

/** Sections of a CA's profiles that take over names of requests; undefined: `copy_extensions` says it of all. */
export const copyingSections = (text: string): string[] | undefined =>
  /^# Profiles that take over names of requests .*: (.*)$/m.exec(text)?.[1]?.split(' ');

/** Times of a CA's profiles but the first, which settings cannot say: each as options of `openssl ca`, `-extensions SECTION …`. */
export const otherProfiles = (text: string): string[] =>
  /^# Other profiles, as options: (.*)$/m.exec(text)?.[1]?.split('; ') ?? [];
