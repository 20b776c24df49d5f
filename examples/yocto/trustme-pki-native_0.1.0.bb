SUMMARY = "The PKI that signs the images of this build"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=REPLACE_WITH_THE_MD5_OF_LICENSE"
# Made by "npm pack" in a clone; it needs no other package.
SRC_URI = "file://trustme-pki-${PV}.tgz"
S = "${WORKDIR}/package"
DEPENDS = "openssl-native efitools-native util-linux-native nodejs-native"

inherit npm native

# One PKI for all builds of this machine: recipes run side by side, the first makes it, the others find it.
TEST_CERT_DIR ?= "${TOPDIR}/test_certificates"
PKI_KEY_TYPE ?= "rsa:4096"
# y: UEFI keys, too
DO_PLATFORM_KEYS ?= "y"

do_generate() {
    # What a recipe installs is in the sysroots of others, not in its own.
    export PATH="${D}${bindir}:$PATH" DO_PLATFORM_KEYS="${DO_PLATFORM_KEYS}"
    # begin
    gen_dev_certs.sh "${TEST_CERT_DIR}" "${PKI_KEY_TYPE}"
    # end
}
addtask generate after do_install before do_build
do_generate[nostamp] = "1"
