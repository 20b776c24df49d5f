// What a request asks for, as the people at the other machine read it.
import { suite as makeSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeWanted } from '../../scripts/lib/ceremony/wanted.ts';
import type { RequestFacts } from '../../scripts/lib/store/request-facts.ts';
import { entityOf, readShipped } from '../helpers/shipped.ts';

const suite = makeSuite('wanted');

suite('names are spelled as in the ini files, without what openssl needs', () => {
  const subject = 'organizationalUnitName-2 = b\nserialNumber = 7\n2.999.1 = x\norder = commonName + serialNumber';
  const configuration = readShipped({ 'device_subca.ini': `[subject]\n${subject}\n` });
  const facts = { sha256: '00', keySha256: '00' } as RequestFacts;
  const text = describeWanted(entityOf(configuration, 'device_subca'), configuration.hierarchy, facts, false);
  assert.match(
    text,
    /^subject: {2}commonName = [^,=+]+ \+ serialNumber = 7, .*organizationalUnitName = Development, organizationalUnitName = b, 2\.999\.1 = x$/m,
  );
});

suite.run();
