// Several layers of facts into one, weakest first: a key of a stronger layer replaces that of a weaker one and
// remembers it; an empty value removes the key.
import type { Fact, Facts, Section } from './ini-text.ts';

/** Merges facts key by key; later arguments are stronger. */
export function mergeFacts(layers: readonly Facts[]): Facts {
  const merged = new Map<string, Map<string, Fact>>();
  for (const layer of layers)
    for (const [name, section] of layer) {
      const target = merged.get(name) ?? new Map<string, Fact>();
      merged.set(name, target);
      for (const [key, fact] of section) target.set(key, { ...fact, overrode: target.get(key) });
    }
  return merged;
}

/** A section's own facts above those that it inherits, which they remember like those of a weaker layer. */
export function inherit(inherited: Section, own: Section): Map<string, Fact> {
  const merged = new Map(inherited);
  for (const [key, fact] of own) merged.set(key, above(fact, inherited.get(key)));
  return merged;
}

const above = (fact: Fact, weaker: Fact | undefined): Fact =>
  weaker ? { ...fact, overrode: fact.overrode ? above(fact.overrode, weaker) : weaker } : fact;

/** The section's values, without the keys that an empty value removed. */
export function effective(section: Section | undefined): Map<string, Fact> {
  return new Map([...(section ?? [])].filter(([, fact]) => fact.value !== ''));
}
