// The jobs of a request whose certificate is made elsewhere: configuration, key where there is none yet, request.
import type { Entity } from '../model/types.ts';
import { configurationFile, requestFile } from '../store/names.ts';
import { type IssuingInputs, keyOf, planKey } from './issuing.ts';
import { type Job, job } from './job.ts';
import { requestCertificate } from './openssl.ts';
import { arrange, type Plan } from './plan.ts';
import { renderConfiguration } from './render.ts';

export function planRequests(entities: readonly Entity[], inputs: IssuingInputs): Plan {
  return arrange(
    entities.flatMap(entity => planRequest(entity, inputs)),
    [],
  );
}

function planRequest(entity: Entity, inputs: IssuingInputs): Job[] {
  const { stem } = entity;
  const key = keyOf(entity, inputs);
  const [configuration, request] = [configurationFile(stem), requestFile(stem)];
  const text = renderConfiguration(inputs.templateOf(stem), entity, key, inputs.version);
  return [
    job(configuration, [], { kind: 'write', text }),
    ...(inputs.keysAtHand?.has(stem) ? [] : [planKey(entity, key, inputs)]),
    job(request, [configuration, key.file], requestCertificate(entity, key, configuration, request)),
  ];
}
