/*
 * credentials.c: who logs in, as HTTP and SIP say it; see credentials.h.
 */
#include "protocol/credentials.h"

#include "base/base64.h"
#include "protocol/line.h"
#include "protocol/ntlmssp.h"

static const char *const schemes[] = {
	[SCHEME_BASIC] = "Basic",   [SCHEME_DIGEST] = "Digest",
	[SCHEME_BEARER] = "Bearer", [SCHEME_NEGOTIATE] = "Negotiate",
	[SCHEME_NTLM] = "NTLM",     [SCHEME_OTHER] = NULL,
};

const char *scheme_word(enum scheme scheme)
{
	return schemes[scheme];
}

static enum scheme scheme_take(struct bytes *value)
{
	static const char *const lower[] = {
		[SCHEME_BASIC] = "basic",   [SCHEME_DIGEST] = "digest",
		[SCHEME_BEARER] = "bearer", [SCHEME_NEGOTIATE] = "negotiate",
		[SCHEME_NTLM] = "ntlm",
	};
	struct bytes word = line_word(value);
	if (word.len == 0)
		return SCHEME_NONE;
	for (unsigned i = SCHEME_BASIC; i < SCHEME_OTHER; i++)
		if (line_is_nocase(word, lower[i]))
			return (enum scheme)i;
	return SCHEME_OTHER;
}

/*
 * "user:password" (RFC 7617 2).  Nothing behind the colon is decoded; without one all
 * of it may be secret.
 */
static void basic_user(struct bytes token, char user[static USER_MAX])
{
	uint8_t decoded[USER_MAX];
	bool has_colon;
	size_t len =
		base64_decode_until(token, ':', decoded, sizeof(decoded), &has_colon);
	if (has_colon)
		facts_text(user, USER_MAX, bytes_of(decoded, len));
}

/* NTLM, also within Negotiate: its names come before its proofs.  False if it opens. */
static bool ntlm_user(struct bytes token, char user[static USER_MAX])
{
	enum { NAMES_MAX = 512 };
	uint8_t decoded[NAMES_MAX];
	struct ntlmssp message;
	size_t len = base64_decode(token, decoded, sizeof(decoded));
	ntlmssp_read(bytes_of(decoded, len), &message);
	facts_text(user, USER_MAX, bytes_of(message.user, message.user_len));
	return message.type != NTLMSSP_NEGOTIATE;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct bytes *value)
{
	while (value->len > 0 && is_blank(value->at[0]))
		bytes_take(value, 1);
}

/* Takes a quoted string or what stands before the next comma; without the quotes. */
static struct bytes param_value(struct bytes *value)
{
	bool is_quoted = value->len > 0 && value->at[0] == '"';
	size_t len = 0;
	if (is_quoted)
		bytes_take(value, 1);
	while (len < value->len &&
	       value->at[len] != (is_quoted ? (uint8_t)'"' : (uint8_t)','))
		len += is_quoted && value->at[len] == '\\' && len + 1 < value->len ? 2
										   : 1;
	struct bytes text = bytes_take(value, len);
	if (is_quoted && value->len > 0)
		bytes_take(value, 1);
	return is_quoted ? text : line_trim(text);
}

/* The parameter of that name; false if there is none. */
static bool param(struct bytes value, const char *name, struct bytes *text)
{
	while (value.len > 0) {
		size_t len = 0;
		skip_blanks(&value);
		while (len < value.len && value.at[len] != '=' && value.at[len] != ',')
			len++;
		struct bytes found = line_trim(bytes_take(&value, len));
		if (value.len > 0 && bytes_u8(&value) == ',')
			continue;
		skip_blanks(&value);
		struct bytes given = param_value(&value);
		if (line_is_nocase(found, name)) {
			*text = given;
			return true;
		}
		while (value.len > 0 && bytes_u8(&value) != ',')
			;
	}
	return false;
}

/* With userhash the name is one for the server only (RFC 7616 3.4.4). */
static void digest_user(struct bytes value, char user[static USER_MAX])
{
	struct bytes text;
	if (param(value, "userhash", &text) && line_is_nocase(text, "true"))
		return;
	if (param(value, "username", &text))
		facts_text(user, USER_MAX, text);
}

bool credentials_read(struct bytes value, struct credentials *credentials)
{
	memset(credentials, 0, sizeof(*credentials));
	credentials->scheme = scheme_take(&value);
	switch (credentials->scheme) {
	case SCHEME_BASIC:
		basic_user(line_trim(value), credentials->user);
		break;
	case SCHEME_DIGEST:
		digest_user(value, credentials->user);
		break;
	case SCHEME_NTLM:
	case SCHEME_NEGOTIATE:
		return ntlm_user(line_trim(value), credentials->user);
	default:
		break;
	}
	return true;
}

void challenge_read(struct bytes value, struct challenge *challenge)
{
	struct bytes stale;
	challenge->scheme = scheme_take(&value);
	if (challenge->scheme == SCHEME_DIGEST)
		challenge->goes_on =
			param(value, "stale", &stale) && line_is_nocase(stale, "true");
	else
		challenge->goes_on = (challenge->scheme == SCHEME_NTLM ||
				      challenge->scheme == SCHEME_NEGOTIATE) &&
				     line_trim(value).len > 0;
}
