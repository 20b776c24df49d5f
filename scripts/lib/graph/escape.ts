// Text of certificates into terminals, XML and Mermaid: it may be anybody's, so nothing of it may act.
import { printable } from '../errors.ts';

/** Control characters made visible, and format characters too: they would reorder or hide what stands around them. */
export const visible = (text: string): string =>
  printable(text).replace(/[\p{Cf}\p{Cs}\p{Co}\ufffe\uffff]/gu, char => `\\u{${char.codePointAt(0)!.toString(16)}}`);

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for XML content and attributes. */
export const xml = (text: string): string => visible(text).replace(/[&<>"']/g, char => XML[char]!);

/**
 * Text for a quoted Mermaid label: whatever is neither letter, digit nor harmless becomes an entity code of Mermaid
 * (https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters").
 */
export const mermaidText = (text: string): string =>
  visible(text).replace(/[^\p{L}\p{N} .,:_/-]/gu, char => `#${char.codePointAt(0)};`);

/** At most `length` characters; an ellipsis says that there are more. */
export function shorten(text: string, length: number): string {
  const chars = [...text];
  return chars.length <= length ? text : `${chars.slice(0, length - 1).join('')}…`;
}
