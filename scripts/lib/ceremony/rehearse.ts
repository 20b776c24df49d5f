// A rehearsal for what is requested or imported: the PKI as its configuration would have it, made once and thrown away.
import { overridesOf } from '../check/record.ts';
import type { GenerateOptions } from '../generate/generate.ts';
import { type Rehearsal, rehearse } from '../generate/rehearsal.ts';
import type { PlanReport } from '../run/report.ts';
import { readRecord } from '../store/manifest.ts';

/** With brand and key type as the directory was made, where that is known and nothing else is said. */
export function rehearseFor(
  path: string,
  options: GenerateOptions,
  report: PlanReport,
  controller: AbortController,
): Promise<Rehearsal> {
  const { brand, keyType } = overridesOf(readRecord(path), new Date());
  const merged = { ...options, brand: options.brand ?? brand, keyType: options.keyType ?? keyType };
  return rehearse(merged, report, controller);
}
