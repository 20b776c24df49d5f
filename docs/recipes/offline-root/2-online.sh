# On the online machine: a key and a request for each sub CA; the requests go to the root machine
export OPENSSL_CONF=/dev/null
SIZE="-pkeyopt rsa_keygen_bits:${BITS:-4096}"
ENCRYPTED="-aes-256-cbc -pass env:GYROIDOS_TEST_PASSWD_PKI"
umask 077
for ca in guestos_subca device_subca user_subca backend_subca; do
  trustme-pki show "$ca" --cnf --conf online >"$ca.cnf"
  openssl genpkey -quiet -algorithm RSA-PSS $SIZE $ENCRYPTED -out "online/customer/$ca.key"
  openssl req -new -config "$ca.cnf" -key "online/customer/$ca.key" -passin env:GYROIDOS_TEST_PASSWD_PKI -out "$ca.csr"
done
openssl genpkey -quiet -algorithm RSA $SIZE -out online/software-signing/ssig_subca.key
openssl genpkey -quiet -algorithm RSA-PSS $SIZE -out online/software-signing/ssig_subca_cml.key
for ca in ssig_subca ssig_subca_cml; do
  trustme-pki show "$ca" --cnf --conf online >"$ca.cnf"
  openssl req -new -config "$ca.cnf" -key "online/software-signing/$ca.key" -out "$ca.csr"
done
