/*
 * ldap.h: what messages of LDAP say (RFC 4511, 4).
 */
#pragma once

#include <stddef.h>

#include "base/bytes.h"
#include "protocol/protocol.h"

enum { LDAP_SEQUENCE = 0x30, LDAP_ENOUGH = 4096 };

/* Tags of operations. */
enum {
	LDAP_UNBIND = 0x42,
	LDAP_BIND = 0x60,
	LDAP_BIND_RESPONSE = 0x61,
	LDAP_SEARCH = 0x63,
	LDAP_ENTRY = 0x64,
	LDAP_SEARCH_DONE = 0x65,
	LDAP_EXTENDED = 0x77,
	LDAP_EXTENDED_RESPONSE = 0x78,
};

/* resultCode (4.1.9, Appendix A) */
enum { LDAP_SUCCESS = 0, LDAP_BIND_IN_PROGRESS = 14, LDAP_BUSY = 51 };

struct ldap_message {
	int32_t id;
	uint8_t operation;
	struct bytes content; /* of the operation, as much of it as is here */
	uint64_t len;         /* of the whole message */
};

/*
 * The message that data begins with.  MORE: not enough of it is here to know what
 * matters, unless no more will come.
 */
enum verdict ldap_read_message(struct bytes data, bool is_all,
			       struct ldap_message *message);

struct ldap_bind {
	uint8_t version;
	bool has_proof;      /* not anonymous (5.1 of RFC 4513) */
	bool shows_password; /* the proof is the password itself */
	bool by_sasl;
	const char *method; /* "simple" or the mechanism; NULL: an unknown one */
	uint8_t user[USER_MAX];
	uint8_t user_len;
};
void ldap_read_bind(struct bytes content, struct ldap_bind *bind);

/* Keeps a name, cut to fit; its length. */
uint8_t ldap_keep_user(uint8_t to[static USER_MAX], struct bytes user);

bool ldap_is_start_tls(struct bytes content);

/* The code of a result; -1 if it is none. */
int32_t ldap_read_result(struct bytes content);
/* The server's own fault. */
bool ldap_is_fault(int32_t code);
/* A bind was refused for what it brought. */
bool ldap_is_denial(int32_t code);

/* What the root entry says about the server's software; false if nothing. */
bool ldap_read_vendor(struct bytes content, char *software, size_t size);

/* What a security layer sends is encrypted, not only signed. */
bool ldap_is_sealed(struct bytes data);

extern const struct asking ldap_asking;
