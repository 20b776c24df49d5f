import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Authority } from '../../scripts/lib/authority/open.ts';
import { requestConfiguration, subjectOf } from '../../scripts/lib/authority/request-text.ts';

const test = suite('request text');
/** What is typed whole needs nothing of the CA. */
const typed = (text: string) => subjectOf({} as Authority, 'name', text).map(({ name, value }) => `${name}=${value}`);

test('short names are those of RFC 4514 and the common ones, in either case', () => {
  const all = 'C=DE, ST=Land, L=Town, street=Road 1, O=Firm, OU=Unit, DC=org, UID=u1, EMAIL=a@b.org, cn=x';
  assert.equal(typed(all), [
    ...['countryName=DE', 'stateOrProvinceName=Land', 'localityName=Town', 'streetAddress=Road 1'],
    ...['organizationName=Firm', 'organizationalUnitName=Unit', 'domainComponent=org', 'userId=u1'],
    ...['emailAddress=a@b.org', 'commonName=x'],
  ]);
});

test('a subject is separated by commas or slashes, and a backslash keeps one that belongs to a value', () => {
  assert.equal(typed('/O=Firm\\/Ltd/CN=a, b'), ['organizationName=Firm/Ltd', 'commonName=a, b']);
  assert.equal(typed('O=Firm\\, Ltd,CN=a/b'), ['organizationName=Firm, Ltd', 'commonName=a/b']);
});

test('what cannot be in a subject is told with what can', () => {
  const hint = (text: string) => {
    try {
      typed(text);
    } catch (error) {
      return `${(error as Error).message}: ${(error as { hint?: string }).hint}`;
    }
    return 'taken';
  };
  assert.match(hint('commonname2=x'), /unknown attribute in "commonname2=x": did you mean "commonName"\?/);
  assert.match(hint('Z9=x'), /unknown attribute in "Z9=x": give C=DE, O=Firm, CN=name/);
  assert.match(hint('C=Germany'), /countryName "Germany" cannot be in a subject: expected two capital letters/);
  assert.match(hint('CN='), /commonName "" cannot be in a subject: expected a value/);
});

test('characters with a meaning to openssl are escaped', () => {
  const text = requestConfiguration([{ name: 'commonName', value: 'a$b#c;d"e' }], ['DNS:a.org']);
  assert.match(text, /\n0\.commonName = a\\\$b\\#c\\;d\\"e\n/);
  assert.match(text, /\nsubjectAltName = @names\n\[names\]\nDNS\.0 = a\.org\n/);
});

test.run();
