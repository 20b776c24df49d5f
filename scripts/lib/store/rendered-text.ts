// What a template of one's own made of an entity, asked before anything runs: openssl's own words for what it lacks
// name neither the template nor the entity.
import type { ConfigProblem } from '../errors.ts';
import { parseConfiguration } from './configuration-text.ts';

/** What is wrong with the configuration of `stem`, which `file` made; `issued` is the section of its first profile. */
export function refuseRendered(file: string, stem: string, issued: string | undefined, text: string): ConfigProblem[] {
  const { sections, wrong } = parseConfiguration(text);
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
