// The jobs of a request whose certificate is made elsewhere: configuration, key where there is none yet, request.
import type { Entity } from '../model/types.ts';
import { configurationFile, requestFile } from '../store/names.ts';
import { type IssuingInputs, keyOf, planKey } from './issuing.ts';
import { type Job, job } from './job.ts';
import { requestCertificate } from './openssl.ts';
import { arrange, type Plan } from './plan.ts';
import { escapeValue, renderConfiguration } from './render.ts';

/** `asksForNames`: whether a request has the subjectAltName of its certificate, which not every CA takes over. */
export function planRequests(
  entities: readonly Entity[],
  inputs: IssuingInputs,
  asksForNames: (entity: Entity) => boolean,
): Plan {
  return arrange(
    entities.flatMap(entity => planRequest(entity, inputs, asksForNames(entity))),
    [],
  );
}

const ASKED = 'request_extensions';

function planRequest(entity: Entity, inputs: IssuingInputs, asksForNames: boolean): Job[] {
  const { stem } = entity;
  const key = keyOf(entity, inputs);
  const [configuration, request] = [configurationFile(stem), requestFile(stem)];
  const text = renderConfiguration(inputs.templateOf(stem), entity, key, inputs.version);
  const names = asksForNames && entity.certificate.extensions.find(({ name }) => name === 'subjectAltName');
  const asked = names ? `\n[${ASKED}]\n${names.name} = ${escapeValue(names.value)}\n` : '';
  const section = names ? ASKED : undefined;
  return [
    job(configuration, [], { kind: 'write', text: `${text}${asked}` }),
    ...(inputs.keysAtHand?.has(stem) ? [] : [planKey(entity, key, inputs)]),
    job(request, [configuration, key.file], requestCertificate(entity, key, configuration, request, section)),
  ];
}
