// Which failures of openssl are of one request, and which of all.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isOfRequest, lastWords } from '../../scripts/lib/authority/batch.ts';
import { CommandError } from '../../scripts/lib/errors.ts';

const test = suite('batches of requests');

/** What "openssl ca" reports, as its versions print it. */
const failed = (stderr: string) => new CommandError('signing by device_subca', 'exited with 1', 'openssl ca', stderr);

const WRONG_TAG =
  '4067D09DEB7F0000:error:0688010D:asn1 encoding routines:asn1_d2i_ex_primitive:mstring wrong tag:../crypto/asn1/tasn_dec.c:761:';
const NESTED =
  '4067D09DEB7F0000:error:0688010A:asn1 encoding routines:asn1_template_noexp_d2i:nested asn1 error:../crypto/asn1/tasn_dec.c:712:';
const UNREAD = 'Unable to load certificate request';

test('a request that openssl cannot read is told from what fails for all, before its errors (3.0) and after them (3.5)', () => {
  for (const report of [`${UNREAD}\n${WRONG_TAG}\n${NESTED}\n`, `${WRONG_TAG}\n${NESTED}\n${UNREAD}\n`]) {
    const failure = failed(report);
    assert.ok(isOfRequest(failure));
    assert.is(lastWords(failure), `${UNREAD}: mstring wrong tag`);
  }
  const lost = `${UNREAD}\n4067D09DEB7F0000:error:80000002:system library:BIO_new_file:No such file or directory:../crypto/bio/bss_file.c:67:\n`;
  for (const report of [lost, `Could not read CA certificate from x\n${WRONG_TAG}\n`, ''])
    assert.not(isOfRequest(failed(report)), report);
});

test.run();
