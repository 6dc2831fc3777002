/*
 * smb_message.c: what messages of SMB say; see smb.h.
 */
#include "protocol/smb.h"

#include <stdio.h>
#include <string.h>

#include "protocol/ntlmssp.h"
#include "protocol/text.h"

enum { HEADER_1 = 32, HEADER_2 = 64 };

/* MS-CIFS 2.2.3.1 */
static bool read_header_1(struct bytes data, struct smb_message *message)
{
	enum { NEGOTIATE = 0x72, SESSION_SETUP_ANDX = 0x73, UNICODE = 0x8000 };
	struct bytes head = bytes_take(&data, HEADER_1);
	bytes_take(&head, 4);
	uint8_t command = bytes_u8(&head);
	message->status = bytes_le32(&head);
	bytes_take(&head, 1);
	message->is_unicode = (bytes_le16(&head) & UNICODE) != 0;
	bytes_take(&head, 18);
	message->id = bytes_le16(&head);
	message->is_unasked = message->id == UINT16_MAX; /* a lock is broken */
	message->command = command == NEGOTIATE            ? SMB_NEGOTIATE
			   : command == SESSION_SETUP_ANDX ? SMB_SESSION_SETUP
							   : SMB_COMMAND_OTHER;
	message->body = data;
	return bytes_ok(&head);
}

/* MS-SMB2 2.2.1 */
static bool read_header_2(struct bytes data, struct smb_message *message)
{
	enum { NEGOTIATE = 0, SESSION_SETUP = 1 };
	struct bytes head = bytes_take(&data, HEADER_2);
	bytes_take(&head, 4);
	bool is_sized = bytes_le16(&head) == HEADER_2;
	bytes_take(&head, 2);
	message->status = bytes_le32(&head);
	uint16_t command = bytes_le16(&head);
	bytes_take(&head, 2 + 4 + 4); /* credits, flags, next command */
	message->id = bytes_le64(&head);
	message->command = command == NEGOTIATE       ? SMB_NEGOTIATE
			   : command == SESSION_SETUP ? SMB_SESSION_SETUP
						      : SMB_COMMAND_OTHER;
	/* A break of a lock has no request; an interim response is followed by one. */
	message->is_unasked =
		message->id == UINT64_MAX || message->status == SMB_PENDING;
	message->is_unicode = true;
	message->body = data;
	return bytes_ok(&head) && is_sized;
}

bool smb_read_message(struct bytes data, struct smb_message *message)
{
	*message = (struct smb_message){ .all = data };
	if (data.len < 4 || memcmp(data.at + 1, "SMB", 3) != 0)
		return false;
	switch (data.at[0]) {
	case 0xff:
		message->kind = SMB_1;
		return read_header_1(data, message);
	case 0xfe:
		message->kind = SMB_2;
		return read_header_2(data, message);
	case 0xfd:
		message->kind = SMB_ENCRYPTED;
		return true;
	case 0xfc: /* compressed */
		return true;
	default:
		return false;
	}
}

/* MS-CIFS 2.2.4.52.2: other counts of words are of dialects that are still older. */
static bool read_negotiated_1(struct bytes body, struct smb_negotiated *negotiated)
{
	enum { NONE = 0xffff, CHALLENGES = 0x2, SIGNING_REQUIRED = 0x8 };
	uint8_t words = bytes_u8(&body);
	uint16_t dialect = bytes_le16(&body);
	if (!bytes_ok(&body) || words == 0)
		return false;
	if (dialect == NONE)
		return true;
	snprintf(negotiated->version, sizeof(negotiated->version), "SMB 1");
	uint16_t mode = words == 17   ? bytes_u8(&body)
			: words == 13 ? bytes_le16(&body)
				      : 0;
	negotiated->requires_signing = words == 17 && (mode & SIGNING_REQUIRED) != 0;
	negotiated->wants_passwords = bytes_ok(&body) && !(mode & CHALLENGES);
	return true;
}

/* MS-SMB2 2.2.4 */
static bool read_negotiated_2(struct bytes body, struct smb_negotiated *negotiated)
{
	enum { ANY_2 = 0x2ff, SIGNING_REQUIRED = 0x2, LEN = 65 };
	uint16_t len = bytes_le16(&body), mode = bytes_le16(&body);
	unsigned dialect = bytes_le16(&body);
	if (!bytes_ok(&body) || len != LEN)
		return false;
	negotiated->requires_signing = (mode & SIGNING_REQUIRED) != 0;
	/* 2.0.2 is 0x202, 2.1 is 0x210, 3.1.1 is 0x311. */
	unsigned major = dialect >> 8, minor = dialect >> 4 & 0xf,
		 third = dialect & 0xf;
	if (dialect == ANY_2) /* another NEGOTIATE will settle it */
		return true;
	if (third != 0)
		snprintf(negotiated->version, sizeof(negotiated->version),
			 "SMB %u.%u.%u", major, minor, third);
	else
		snprintf(negotiated->version, sizeof(negotiated->version), "SMB %u.%u",
			 major, minor);
	return true;
}

bool smb_read_negotiated(const struct smb_message *message,
			 struct smb_negotiated *negotiated)
{
	*negotiated = (struct smb_negotiated){ 0 };
	if (message->status != SMB_SUCCESS)
		return false;
	return message->kind == SMB_1 ? read_negotiated_1(message->body, negotiated)
				      : read_negotiated_2(message->body, negotiated);
}

/* ---- strings of SMB 1 ---- */

/* Takes text up to its NUL; UTF-16 starts at even places of the message. */
static struct bytes take_string(const struct smb_message *message, struct bytes *data)
{
	if (!message->is_unicode)
		return text_take(data);
	if ((data->at - message->all.at) % 2 != 0)
		bytes_take(data, 1);
	for (size_t len = 0; len + 2 <= data->len; len += 2) {
		if (data->at[len] != 0 || data->at[len + 1] != 0)
			continue;
		struct bytes text = bytes_take(data, len);
		bytes_take(data, 2);
		return text;
	}
	data->bad = true;
	return (struct bytes){ .bad = true };
}

static struct bytes to_utf8(const struct smb_message *message, struct bytes text,
			    uint8_t *out, size_t size)
{
	if (message->is_unicode)
		return text_from_utf16(text, out, size);
	text.len = text.len < size ? text.len : size;
	return text;
}

/* "Windows 6.1", "Samba 4.17.12-Debian": the second, if it is not Windows's own. */
static void keep_software(const struct smb_message *message, struct bytes data,
			  char software[static 64])
{
	uint8_t out[96];
	struct bytes system = take_string(message, &data);
	struct bytes manager = take_string(message, &data);
	if (!bytes_ok(&data))
		return;
	struct bytes text = to_utf8(message, manager, out, sizeof(out));
	if (!text_starts(text, "Samba"))
		text = to_utf8(message, system, out, sizeof(out));
	facts_text(software, 64, text);
}

/* ---- SESSION_SETUP ---- */

static void append(struct smb_setup *setup, struct bytes text)
{
	size_t room = USER_MAX - setup->user_len;
	size_t len = text.len < room ? text.len : room;
	if (len > 0)
		memcpy(setup->user + setup->user_len, text.at, len);
	setup->user_len = (uint8_t)(setup->user_len + len);
}

/* What SPNEGO (RFC 4178) or the bare mechanism brings. */
static void read_token(struct bytes token, struct smb_setup *setup)
{
	static const uint8_t kerberos[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
					    0x12, 0x01, 0x02, 0x02 };
	static const uint8_t microsofts[] = { 0x2a, 0x86, 0x48, 0x82, 0xf7,
					      0x12, 0x01, 0x02, 0x02 };
	struct ntlmssp ntlm;
	ntlmssp_read(token, &ntlm);
	if (ntlm.type != NTLMSSP_NONE) {
		setup->method = "NTLM";
		setup->is_login =
			ntlm.type == NTLMSSP_AUTHENTICATE && ntlm.user_len > 0;
		append(setup, bytes_of(ntlm.user, ntlm.user_len));
	} else if (token.len > 0 &&
		   (memmem(token.at, token.len, kerberos, sizeof(kerberos)) != NULL ||
		    memmem(token.at, token.len, microsofts, sizeof(microsofts)) !=
			    NULL)) {
		setup->method = "Kerberos";
		setup->is_login = true;
	}
}

/* A token at an offset from the header; what of it is here. */
static struct bytes token_at(const struct smb_message *message, size_t offset,
			     size_t len)
{
	struct bytes data = message->all;
	bytes_take(&data, offset);
	if (!bytes_ok(&data) || offset < HEADER_2)
		return (struct bytes){ 0 };
	return bytes_of(data.at, data.len < len ? data.len : len);
}

/* MS-SMB2 2.2.5 */
static void read_setup_2(const struct smb_message *message, struct smb_setup *setup)
{
	struct bytes body = message->body;
	bytes_take(&body, 12);
	size_t offset = bytes_le16(&body), len = bytes_le16(&body);
	if (bytes_ok(&body))
		read_token(token_at(message, offset, len), setup);
}

/* Password, user, domain, software (MS-CIFS 2.2.4.53.1). */
static void read_account(const struct smb_message *message, struct bytes data,
			 size_t password_len, struct smb_setup *setup)
{
	uint8_t out[USER_MAX];
	bytes_take(&data, password_len);
	struct bytes user = take_string(message, &data);
	struct bytes domain = take_string(message, &data);
	if (!bytes_ok(&data) || user.len == 0)
		return;
	setup->is_login = true;
	setup->shows_password = password_len > 1;
	if (domain.len > 0) {
		append(setup, to_utf8(message, domain, out, sizeof(out)));
		append(setup, bytes_of("\\", 1));
	}
	append(setup, to_utf8(message, user, out, sizeof(out)));
	keep_software(message, data, setup->software);
}

/* Words, count of bytes, bytes. */
static void read_setup_1(const struct smb_message *message, struct smb_setup *setup)
{
	enum { LANMAN = 10, EXTENDED = 12, NT = 13 };
	struct bytes body = message->body;
	size_t count = bytes_u8(&body);
	struct bytes words = bytes_take(&body, count * 2);
	bytes_take(&body, 2);
	bytes_take(&words, 14);
	size_t len = bytes_le16(&words);
	if (!bytes_ok(&body) || !bytes_ok(&words))
		return;
	if (count == EXTENDED) {
		read_token(bytes_of(body.at, body.len < len ? body.len : len), setup);
		bytes_take(&body, len);
		if (bytes_ok(&body))
			keep_software(message, body, setup->software);
		return;
	}
	if (count != NT && count != LANMAN)
		return;
	setup->method = "NTLM";
	if (count == NT)
		len += bytes_le16(&words);
	read_account(message, body, len, setup);
}

void smb_read_setup(const struct smb_message *message, struct smb_setup *setup)
{
	*setup = (struct smb_setup){ 0 };
	if (message->kind == SMB_1)
		read_setup_1(message, setup);
	else
		read_setup_2(message, setup);
}

/* Windows tells its version to whom it challenges; Samba a made-up one, without build.
 */
static void read_challenge(struct bytes token, char software[static 64])
{
	struct ntlmssp ntlm;
	ntlmssp_read(token, &ntlm);
	if (ntlm.type == NTLMSSP_CHALLENGE && ntlm.build != 0)
		snprintf(software, 64, "Windows %u.%u.%u", ntlm.major, ntlm.minor,
			 ntlm.build);
}

/* MS-SMB2 2.2.6 */
static void read_admission_2(const struct smb_message *message,
			     struct smb_admission *admission)
{
	enum { GUEST = 0x1, ENCRYPTS = 0x4 };
	struct bytes body = message->body;
	bytes_take(&body, 2);
	uint16_t flags = bytes_le16(&body);
	size_t offset = bytes_le16(&body), len = bytes_le16(&body);
	if (!bytes_ok(&body))
		return;
	admission->is_guest = (flags & GUEST) != 0;
	admission->encrypts = (flags & ENCRYPTS) != 0;
	read_challenge(token_at(message, offset, len), admission->software);
}

/* MS-CIFS 2.2.4.53.2, MS-SMB 2.2.4.6.2 */
static void read_admission_1(const struct smb_message *message,
			     struct smb_admission *admission)
{
	enum { GUEST = 0x1, EXTENDED = 4 };
	struct bytes body = message->body;
	size_t count = bytes_u8(&body);
	struct bytes words = bytes_take(&body, count * 2);
	bytes_take(&body, 2);
	bytes_take(&words, 4);
	uint16_t action = bytes_le16(&words);
	if (!bytes_ok(&body) || !bytes_ok(&words))
		return;
	admission->is_guest = (action & GUEST) != 0;
	if (count == EXTENDED) {
		size_t len = bytes_le16(&words);
		read_challenge(bytes_of(body.at, body.len < len ? body.len : len),
			       admission->software);
		bytes_take(&body, len);
	}
	if (bytes_ok(&body))
		keep_software(message, body, admission->software);
}

void smb_read_admission(const struct smb_message *message,
			struct smb_admission *admission)
{
	*admission = (struct smb_admission){ 0 };
	if (message->kind == SMB_1)
		read_admission_1(message, admission);
	else
		read_admission_2(message, admission);
}

bool smb_goes_on(uint32_t status)
{
	return status == 0xc0000016; /* STATUS_MORE_PROCESSING_REQUIRED */
}

bool smb_is_denial(uint32_t status)
{
	switch (status) {
	case 0xc0000022: /* STATUS_ACCESS_DENIED */
	case 0xc0000064: /* STATUS_NO_SUCH_USER */
	case 0xc000006a: /* STATUS_WRONG_PASSWORD */
	case 0xc000006d: /* STATUS_LOGON_FAILURE */
	case 0xc000006e: /* STATUS_ACCOUNT_RESTRICTION */
	case 0xc000006f: /* STATUS_INVALID_LOGON_HOURS */
	case 0xc0000070: /* STATUS_INVALID_WORKSTATION */
	case 0xc0000071: /* STATUS_PASSWORD_EXPIRED */
	case 0xc0000072: /* STATUS_ACCOUNT_DISABLED */
	case 0xc000015b: /* STATUS_LOGON_TYPE_NOT_GRANTED */
	case 0xc0000193: /* STATUS_ACCOUNT_EXPIRED */
	case 0xc0000224: /* STATUS_PASSWORD_MUST_CHANGE */
	case 0xc0000234: /* STATUS_ACCOUNT_LOCKED_OUT */
	case 0x00020002: /* ERRSRV, ERRbadpw: before NT had its codes */
	case 0x00050001: /* ERRDOS, ERRnoaccess */
		return true;
	default:
		return false;
	}
}

bool smb_is_fault(uint32_t status)
{
	switch (status) {
	case 0xc000005e: /* STATUS_NO_LOGON_SERVERS */
	case 0xc000007f: /* STATUS_DISK_FULL */
	case 0xc000009a: /* STATUS_INSUFFICIENT_RESOURCES */
	case 0xc000009c: /* STATUS_DEVICE_DATA_ERROR */
	case 0xc00000b5: /* STATUS_IO_TIMEOUT */
	case 0xc00000d0: /* STATUS_REQUEST_NOT_ACCEPTED */
	case 0xc00000e5: /* STATUS_INTERNAL_ERROR */
	case 0xc000018a: /* STATUS_NO_TRUST_LSA_SECRET */
	case 0xc0000185: /* STATUS_IO_DEVICE_ERROR */
	case 0xc0000205: /* STATUS_INSUFF_SERVER_RESOURCES */
		return true;
	default:
		return false;
	}
}
