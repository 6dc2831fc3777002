/*
 * ntlmssp.c: NTLM messages; see ntlmssp.h.
 *
 * Fields of a message are told by length and offset from its begin.
 */
#include "protocol/ntlmssp.h"

#include "protocol/text.h"

enum {
	UNICODE = 0x1, /* flags (MS-NLMP 2.2.2.5) */
	HAS_VERSION = 0x2000000,
};

/* What a field at that offset points to; empty if it is not here. */
static struct bytes field_at(struct bytes message, size_t offset)
{
	struct bytes field = message, content = message;
	bytes_take(&field, offset);
	size_t len = bytes_le16(&field);
	bytes_take(&field, 2); /* longest */
	size_t from = bytes_le32(&field);
	if (!bytes_ok(&field))
		return (struct bytes){ 0 };
	bytes_take(&content, from);
	struct bytes found = bytes_take(&content, len);
	return bytes_ok(&content) ? found : (struct bytes){ 0 };
}

static uint32_t flags_at(struct bytes message, size_t offset)
{
	bytes_take(&message, offset);
	return bytes_le32(&message);
}

static void append(struct ntlmssp *message, struct bytes text, bool is_unicode)
{
	uint8_t *end = message->user + message->user_len;
	size_t room = NTLMSSP_USER_MAX - message->user_len;
	if (is_unicode) {
		text = text_from_utf16(text, end, room);
	} else {
		text.len = text.len < room ? text.len : room;
		if (text.len > 0)
			memcpy(end, text.at, text.len);
	}
	message->user_len = (uint8_t)(message->user_len + text.len);
}

/* MS-NLMP 2.2.1.3 */
static void read_authenticate(struct bytes data, struct ntlmssp *message)
{
	enum { DOMAIN = 28, USER = 36, FLAGS = 60 };
	bool is_unicode = (flags_at(data, FLAGS) & UNICODE) != 0;
	struct bytes domain = field_at(data, DOMAIN), user = field_at(data, USER);
	if (user.len == 0)
		return;
	if (domain.len > 0) {
		append(message, domain, is_unicode);
		append(message, bytes_of("\\", 1), false);
	}
	append(message, user, is_unicode);
}

/* MS-NLMP 2.2.1.2, 2.2.2.10 */
static void read_challenge(struct bytes data, struct ntlmssp *message)
{
	enum { FLAGS = 20, VERSION = 48 };
	if (!(flags_at(data, FLAGS) & HAS_VERSION))
		return;
	bytes_take(&data, VERSION);
	uint8_t major = bytes_u8(&data), minor = bytes_u8(&data);
	uint16_t build = bytes_le16(&data);
	if (!bytes_ok(&data))
		return;
	message->major = major;
	message->minor = minor;
	message->build = build;
}

void ntlmssp_read(struct bytes token, struct ntlmssp *message)
{
	static const char signature[8] = "NTLMSSP";
	const uint8_t *at = token.len > 0 ? memmem(token.at, token.len, signature,
						   sizeof(signature))
					  : NULL;
	*message = (struct ntlmssp){ .type = NTLMSSP_NONE };
	if (at == NULL)
		return;
	struct bytes data = bytes_of(at, token.len - (size_t)(at - token.at));
	struct bytes rest = data;
	bytes_take(&rest, sizeof(signature));
	uint32_t type = bytes_le32(&rest);
	if (!bytes_ok(&rest) || type > NTLMSSP_AUTHENTICATE)
		return;
	message->type = (enum ntlmssp_type)type;
	if (type == NTLMSSP_AUTHENTICATE)
		read_authenticate(data, message);
	else if (type == NTLMSSP_CHALLENGE)
		read_challenge(data, message);
}
