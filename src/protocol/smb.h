/*
 * smb.h: what messages of SMB 1 (MS-CIFS, MS-SMB) and SMB 2 and 3 (MS-SMB2) say.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/protocol.h"

enum { SMB_ENOUGH = 4096 }; /* of a message, to read what matters */

/* What is in a message of the NetBIOS session service (RFC 1002, 4.3). */
enum smb_kind {
	SMB_OTHER,
	SMB_1,
	SMB_2,
	SMB_ENCRYPTED,
};

/* Commands that matter, whichever the version. */
enum smb_command {
	SMB_COMMAND_OTHER,
	SMB_NEGOTIATE,
	SMB_SESSION_SETUP,
};

struct smb_message {
	enum smb_kind kind;
	enum smb_command command;
	uint32_t status; /* of a response */
	uint64_t id;
	bool is_unasked; /* a response that is none, or not yet one */
	bool is_unicode;
	struct bytes all, body; /* from the header on; behind it; cut, perhaps */
};

/* False if the header is not here, or is none of SMB's. */
bool smb_read_message(struct bytes data, struct smb_message *message);

/* What the server's response to NEGOTIATE says. */
struct smb_negotiated {
	char version[16]; /* "SMB 3.1.1"; empty: nothing was agreed on, or not yet */
	bool requires_signing;
	bool wants_passwords; /* themselves, not a proof of them */
};
bool smb_read_negotiated(const struct smb_message *message,
			 struct smb_negotiated *negotiated);

/* A client's SESSION_SETUP. */
struct smb_setup {
	const char *method;  /* "NTLM", "Kerberos", "password"; NULL: none seen */
	bool is_login;       /* the outcome of a login will be the response */
	bool shows_password; /* if the server wanted it */
	uint8_t user[USER_MAX];
	uint8_t user_len;
	char software[64];
};
void smb_read_setup(const struct smb_message *message, struct smb_setup *setup);

/* A server's response to it. */
struct smb_admission {
	bool is_guest, encrypts;
	char software[64];
};
void smb_read_admission(const struct smb_message *message,
			struct smb_admission *admission);

enum { SMB_SUCCESS = 0, SMB_PENDING = 0x103 };
/* A login takes another step. */
bool smb_goes_on(uint32_t status);
/* This user is not let in. */
bool smb_is_denial(uint32_t status);
/* The server's own fault. */
bool smb_is_fault(uint32_t status);
