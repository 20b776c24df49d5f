// What each key of the ini files takes: the tables of docs/reference.md. Which keys there are is said by lib/model; a test
// holds the two together.

export interface KeySection {
  readonly title: string;
  /** What stands before the table, and after it; markdown. */
  readonly before?: string;
  readonly after?: string;
  /** Keys that share a row; their format; what holds without them. Markdown. */
  readonly rows: readonly (readonly [keys: readonly string[], format: string, otherwise?: string])[];
}

export const KEY_SECTIONS = {
  inherited: {
    title: 'Before the first section, in defaults.ini and entity files',
    rows: [
      [['brand'], 'text, in place of `{brand}` in subjects; `defaults.ini` alone', '`trustme`'],
      [['key-type'], '`rsa:BITS`, `ec:CURVE`, or an algorithm such as `ed25519`', '`rsa:4096`'],
      [
        ['digest'],
        '`sha256`, `sha384`, `sha512`, `sha3-256`, `sha3-384`, `sha3-512`; SHA-3 not with RSA-PSS, and with EC keys where openssl takes it (3.5 does, 3.0 does not)',
        '`sha256`',
      ],
      [['crl-days'], 'validity of revocation lists: 1 to 999999', '`30`'],
      [
        ['serial-octets'],
        'length of random serial numbers: 8 to 20; of what the configuration describes: `issue` and `sign-csr` have openssl draw 20',
        '`20`',
      ],
      [['pss-salt'], 'salt of RSA-PSS signatures: `digest` (as long as it), `max`, or a number of octets', '`digest`'],
      [
        ['authority-key-identifier'],
        'how what it issues names it: `issuer` (by its key, and by name and serial number of its certificate) or `keyid` (by its key alone)',
        '`issuer`',
      ],
      [
        ['outliving'],
        'a certificate that would outlive its issuer, one from `certificate-file` too: `refuse` it, or `clip` its validity',
        '`refuse`',
      ],
    ],
  },
  entity: {
    title: 'Before the first section, in entity files alone',
    rows: [
      [['issuer'], 'name of the entity that signs', 'none: self-signed'],
      [['scheme'], '`rsa` or `rsa-pss`: the type of its RSA key', '`rsa`'],
      [
        ['key-of'],
        'name of the entity whose key this certificate is for too (a cross-certificate)',
        'a key of its own',
      ],
      [
        ['certificate-file'],
        "a certificate that was made elsewhere (PEM); path from the ini file's folder, or absolute. Type and scheme of its key, and its validity, are what it says",
        'none: it is made',
      ],
      [['key-file'], 'its private key (PEM), beside `certificate-file`', 'none: it signs nothing here'],
      [
        ['passphrase-env'],
        'names of environment variables, the first one set holds the passphrase of its key',
        'none: not encrypted',
      ],
      [['bundle'], 'names of its issuers, nearest first, whose certificates follow its own in its file', 'none'],
      [['text'], "`yes`: the certificate's text precedes its PEM block", 'no text'],
      [['urls'], 'the NAME of a `[urls NAME]` section of `defaults.ini`', 'no URLs'],
      [['remove'], '`yes`: the entity is not there'],
    ],
  },
  subject: {
    title: '[subject]',
    before: 'Of `defaults.ini` and entity files. `{brand}` in a value is replaced.',
    after:
      'A number makes a second value of an attribute: `organizationalUnitName-2 = Devices`. Without `order`, attributes stand as X.520 and openssl list them, values of one attribute by their numbers, OIDs last.',
    rows: [
      [['commonName'], 'up to 64 characters; every entity has one'],
      [['countryName', 'jurisdictionCountryName'], 'two capital letters (ISO 3166)'],
      [['organizationName', 'organizationalUnitName', 'dmdName', 'title'], 'up to 64 characters'],
      [
        ['stateOrProvinceName', 'localityName', 'streetAddress', 'physicalDeliveryOfficeName', 'pseudonym'],
        'up to 128 characters',
      ],
      [['jurisdictionStateOrProvinceName', 'jurisdictionLocalityName', 'businessCategory'], 'up to 128 characters'],
      [['postalCode', 'postOfficeBox'], 'up to 40 characters'],
      [['organizationIdentifier', 'userId'], 'up to 256 characters'],
      [['description'], 'up to 1024 characters'],
      [['surname', 'givenName', 'initials', 'generationQualifier', 'name', 'role', 'houseIdentifier'], 'text'],
      [
        ['serialNumber', 'telephoneNumber', 'dnQualifier'],
        "letters, digits and `'()+,-./:=?`; up to 64, 32, any number",
      ],
      [['domainComponent', 'emailAddress'], 'ASCII; `emailAddress` up to 128'],
      [['an OID, as `1.3.6.1.4.1.99999.5`'], 'text'],
      [['order'], 'attributes in the order in which they stand; `+` joins two to one relative distinguished name'],
    ],
  },
  urls: {
    title: '[urls NAME]',
    before:
      'Of `defaults.ini`. An entity names one of them with `urls = NAME`; the keys below may stand in its `[certificate]` and `[issued]` too.',
    rows: [
      [
        ['caIssuers'],
        "URLs of the issuer's certificate, separated by blanks; a comma in a URL is `%2C`, a semicolon `%3B`",
      ],
      [['OCSP'], 'URLs of its OCSP responder'],
      [['crlDistributionPoints'], 'URLs of its revocation list'],
    ],
  },
  profiles: {
    title: '[certificate], and [issued], [issued NAME] of a CA',
    before:
      "`[certificate]` describes the entity's own certificate. `[issued]` is what a CA gives to requests from outside with `openssl ca`, `[issued NAME]` a further profile of it (`-extensions issued_NAME`).",
    after:
      "`subjectKeyIdentifier` and `authorityKeyIdentifier` are always made. keyEncipherment is left out where the key is no rsaEncryption one; for requests with such keys there is a second section, `issued_rsa`.\n\nWhat RFC 5280 rules out is refused: a CA without `keyCertSign` or critical basicConstraints, `keyCertSign` or `nameConstraints` without CA, a `pathlen` that the issuers leave no room for, `critical` on an extension that must not be, `encipherOnly` or `decipherOnly` without `keyAgreement`. So is a critical extension of one's own in a CA: who does not know it refuses all that the CA issues. In other certificates it is meant for readers that know it; `generate` passes over it where it verifies. So is a certificate that would outlive its issuer, unless `outliving = clip`.",
    rows: [
      [['days'], 'whole number of days, 1 to 999999', 'none: it or `notAfter` must be there'],
      [
        ['notBefore'],
        '`2026-12-31` or `2026-12-31T23:59:59Z` (UTC); in the future, `verify` finds `not-yet-valid` until then',
        'when the certificate is made',
      ],
      [['notAfter'], 'the same, in place of `days`', 'none'],
      [
        ['basicConstraints'],
        '`critical, CA:FALSE`, `critical, CA:TRUE`, `critical, CA:TRUE, pathlen:0`',
        'none: must be there',
      ],
      [
        ['keyUsage'],
        '`digitalSignature`, `nonRepudiation`, `keyEncipherment`, `dataEncipherment`, `keyAgreement`, `keyCertSign`, `cRLSign`, `encipherOnly`, `decipherOnly`; `critical,` before them',
        'none',
      ],
      [
        ['extendedKeyUsage'],
        '`serverAuth`, `clientAuth`, `codeSigning`, `emailProtection`, `timeStamping`, `OCSPSigning`, `anyExtendedKeyUsage`, `ipsecIKE`, `msCodeInd`, `msCodeCom`, `msCTLSign`, `msEFS`, `msSmartcardLogin`, or OIDs',
        'none',
      ],
      [
        ['subjectAltName'],
        '`DNS:host`, `IP:address`, `URI:uri`, `email:a@b`, `UPN:a@b`, `RID:oid`, separated by commas; ASCII, so punycode and %-escapes for all else',
        'none',
      ],
      [['certificatePolicies'], 'OIDs or `anyPolicy`, separated by commas, each with or without ` CPS:URL`', 'none'],
      [
        ['nameConstraints'],
        '`"critical, permitted;KIND:value, excluded;KIND:value"`; KIND is `DNS`, `email`, `URI`, `IP` (address/mask) or `dirName` (`/C=DE/O=Name`, ASCII)',
        'none',
      ],
      [['ocsp-nocheck'], "`yes`: the responder's certificate is not asked about", 'none'],
      [['must-staple'], '`yes`: TLS servers must staple an OCSP answer', 'none'],
      [['caIssuers', 'OCSP', 'crlDistributionPoints'], 'as in `[urls NAME]`', 'those of `urls`'],
      [
        ['an OID, as `1.3.6.1.4.1.99999.7`'],
        '`DER:0C0141` or `ASN1:UTF8String:text` (`IA5STRING`, `PRINTABLESTRING`, `INTEGER`, `BOOLEAN`, `OID`, `NULL`); `critical,` before it, for readers that know the extension',
        'none',
      ],
      [['copy'], '`subjectAltName`: taken over from a request; `[issued]` alone', 'nothing'],
    ],
  },
  variable: {
    title: '[variable]',
    before: 'Of the entities whose certificates fill a UEFI variable.',
    rows: [
      [['name'], '`PK`, `KEK` or `db`'],
      [['contains'], 'names of the entities whose certificates its list holds, in order'],
      [
        ['authoriser'],
        'name of the entity whose key signs the update: that of PK for PK and KEK, that of PK or KEK for db',
      ],
    ],
  },
  key: {
    title: '[key]',
    before: 'Where the key lies, if not in a file: [hsm.md](hsm.md).',
    rows: [
      [['storage'], '`pkcs11`; or `file`, as without the section'],
      [
        ['token', 'serial'],
        'label and serial number of the token; one is needed, the number where two tokens have one label',
      ],
      [['object', 'id'], 'label and id (hexadecimal) of the key; one is needed'],
      [['module'], 'path of the module, for an entity whose token needs another one than `TRUSTME_PKCS11_MODULE`'],
      [['pin-env'], 'name of the variable with the PIN (`TRUSTME_PKCS11_PIN`)'],
    ],
  },
} as const satisfies Readonly<Record<string, KeySection>>;
