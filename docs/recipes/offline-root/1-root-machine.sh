# On the root machine: both root CAs, their databases, nothing else
trustme-pki generate --dir roots --conf root-machine --key-type "rsa:${BITS:-4096}"
