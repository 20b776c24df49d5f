# inherit pki-sign: EFI binaries of a recipe's ${D}/boot are signed before they are packaged.
DEPENDS += "trustme-pki-native sbsigntool-native"
TEST_CERT_DIR ?= "${TOPDIR}/test_certificates"
do_install[depends] += "trustme-pki-native:do_generate"

do_install:append() {
    # begin
    for binary in "${D}"/boot/*.efi; do
        trustme-pki sign efi "$binary" --in-place --dir "${TEST_CERT_DIR}"
        trustme-pki check efi "$binary" --dir "${TEST_CERT_DIR}"
    done
    # end
}
