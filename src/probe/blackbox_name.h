/*
 * blackbox_name.h: distinguished names as the language Go writes them, which is what
 * labels of blackbox_exporter have; private to the files blackbox*.c.
 */
#pragma once

#include <openssl/x509.h>

#include "base/buf.h"

/*
 * RFC 2253, but: of parts of one type, all in one place, joined by "+"; in the order
 * serial number, CN, postal code, street, ST, L, OU, O, C; then others, the last first,
 * as "1.2.3=#" and DER in hexadecimal.
 */
void blackbox_name(const X509_NAME *name, struct buf *out);
