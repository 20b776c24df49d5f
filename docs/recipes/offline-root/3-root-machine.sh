# On the root machine: the requests become certificates, with the extensions and days of the roots' [issued]
export OPENSSL_CONF=/dev/null
cd roots
for ca in guestos_subca device_subca user_subca backend_subca; do
  openssl ca -batch -config .pki/gen_rootca.cnf -passin env:GYROIDOS_TEST_PASSWD_PKI -extensions issued -preserveDN \
    -notext -in "../$ca.csr" -out "../$ca.cert"
done
for ca in ssig_subca ssig_subca_cml; do
  openssl ca -batch -config .pki/ssig_rootca.cnf -extensions issued -preserveDN \
    -notext -in "../$ca.csr" -out "../$ca.cert"
done
cp gen_rootca.cert ssig_rootca.cert ..
