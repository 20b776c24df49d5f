# On the online machine: certificates beside the files that name them, then all that the sub CAs certify
for ca in gen_rootca guestos_subca device_subca user_subca backend_subca; do
  cp "$ca.cert" online/customer/
done
for ca in ssig_rootca ssig_subca ssig_subca_cml; do
  cp "$ca.cert" online/software-signing/
done
trustme-pki generate --dir pki --conf online --platform-keys --key-type "rsa:${BITS:-4096}"
