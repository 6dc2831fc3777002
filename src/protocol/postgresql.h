/*
 * postgresql.h: numbers and fields in messages of PostgreSQL.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/ask.h"

/* Second word of a client's first message; a version is major << 16 | minor. */
enum {
	POSTGRESQL_VERSION_3 = 3 << 16,
	POSTGRESQL_CANCEL = 80877102,
	POSTGRESQL_TLS = 80877103,
	POSTGRESQL_GSSAPI = 80877104,
};

/* Codes of AuthenticationRequest. */
enum {
	AUTHENTICATION_OK = 0,
	AUTHENTICATION_KERBEROS = 2,
	AUTHENTICATION_CLEARTEXT = 3,
	AUTHENTICATION_MD5 = 5,
	AUTHENTICATION_GSSAPI = 7,
	AUTHENTICATION_SSPI = 9,
	AUTHENTICATION_SASL = 10,
	AUTHENTICATION_SASL_CONTINUE = 11,
	AUTHENTICATION_SASL_FINAL = 12,
	AUTHENTICATION_LAST = 12,
};

/* A field of an ErrorResponse: 'C' is its SQLSTATE, 'M' its message; empty without. */
struct bytes postgresql_error_field(struct bytes fields, uint8_t wanted);

/* The user is not let in (class 28, "invalid authorization specification"). */
bool postgresql_is_denial(struct bytes sqlstate);

extern const struct asking postgresql_asking;
