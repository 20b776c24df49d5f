// Configuration folders with as many entities as asked for.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A new configuration folder in `folder` of `count` entities more than the shipped ones: a root, a sub CA for each hundred, the rest TLS servers. */
export function writeEntities(folder: string, count: number): string {
  const conf = join(folder, `conf-${count}`);
  mkdirSync(conf);
  const write = (stem: string, issuer: string, name: string, days: number, powers: string) =>
    writeFileSync(
      join(conf, `${stem}.ini`),
      `${issuer}urls = customer\n[subject]\ncommonName = ${name}\n[certificate]\ndays = ${days}\n${powers}\n`,
    );
  const ca = 'basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n[issued]\ndays = 9';
  const issued = `${ca}\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature`;
  const server =
    'basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth';
  const cas = Math.ceil(count / 100);
  write('bench_rootca', '', 'Bench Root', 3000, issued);
  for (let i = 0; i < cas; i++) write(`bench${i}_subca`, 'issuer = bench_rootca\n', `Bench CA ${i}`, 2000, issued);
  for (let i = 0; i < count - cas - 1; i++) {
    const issuer = `bench${i % cas}_subca`;
    const san = `subjectAltName = DNS:host${i}.example.org`;
    write(`bench${i}`, `issuer = ${issuer}\nbundle = ${issuer} bench_rootca\n`, `Host ${i}`, 1000, `${server}\n${san}`);
  }
  return conf;
}
