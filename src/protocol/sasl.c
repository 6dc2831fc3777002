/*
 * sasl.c: see sasl.h.
 */
#include "protocol/sasl.h"

#include "base/base64.h"
#include "protocol/line.h"

enum shape {
	SHAPE_OTHER,
	SHAPE_PLAIN, /* RFC 4616: [authorize] NUL user NUL password */
	SHAPE_LOGIN, /* the user, then the password */
	SHAPE_CRAM,  /* RFC 2195: user SP digest */
	SHAPE_TOKEN, /* "user=" name ^A ... */
	SHAPE_GS2,   /* RFC 5801: "n,a=" name "," ...; RFC 5802: "n,,n=" name "," ... */
	SHAPE_DIGEST /* RFC 2831: username="..." */
};

static const struct mechanism {
	const char *name, *lower;
	enum shape shape;
	bool is_readable;
} mechanisms[] = {
	{ NULL, "", SHAPE_OTHER, false },
	{ "PLAIN", "plain", SHAPE_PLAIN, true },
	{ "LOGIN", "login", SHAPE_LOGIN, true },
	{ "CRAM-MD5", "cram-md5", SHAPE_CRAM, false },
	{ "DIGEST-MD5", "digest-md5", SHAPE_DIGEST, false },
	{ "XOAUTH2", "xoauth2", SHAPE_TOKEN, true },
	{ "OAUTHBEARER", "oauthbearer", SHAPE_GS2, true },
	{ "SCRAM-SHA-1", "scram-sha-1", SHAPE_GS2, false },
	{ "SCRAM-SHA-256", "scram-sha-256", SHAPE_GS2, false },
	{ "SCRAM-SHA-1-PLUS", "scram-sha-1-plus", SHAPE_GS2, false },
	{ "SCRAM-SHA-256-PLUS", "scram-sha-256-plus", SHAPE_GS2, false },
	{ "NTLM", "ntlm", SHAPE_OTHER, false },
	{ "GSSAPI", "gssapi", SHAPE_OTHER, false },
	{ "EXTERNAL", "external", SHAPE_OTHER, false },
	{ "ANONYMOUS", "anonymous", SHAPE_OTHER, false },
};
enum { MECHANISMS = sizeof(mechanisms) / sizeof(mechanisms[0]), DECODED_MAX = 384 };

void sasl_begin(struct sasl *sasl, struct bytes mechanism)
{
	memset(sasl, 0, sizeof(*sasl));
	for (unsigned i = 1; i < MECHANISMS; i++)
		if (line_is_nocase(mechanism, mechanisms[i].lower))
			sasl->mechanism = (uint8_t)i;
}

const char *sasl_method(const struct sasl *sasl)
{
	return mechanisms[sasl->mechanism].name;
}

bool sasl_is_readable(const struct sasl *sasl)
{
	return mechanisms[sasl->mechanism].is_readable;
}

/* Takes what stands before that byte, which is taken, too; all if there is none. */
static struct bytes take_until(struct bytes *text, uint8_t end)
{
	const uint8_t *at = text->len > 0 ? memchr(text->at, end, text->len) : NULL;
	struct bytes head =
		bytes_take(text, at != NULL ? (size_t)(at - text->at) : text->len);
	bytes_take(text, at != NULL);
	return head;
}

static struct bytes after(struct bytes text, const char *word)
{
	size_t len = strlen(word);
	const uint8_t *at = text.len > 0 ? memmem(text.at, text.len, word, len) : NULL;
	if (at == NULL)
		return (struct bytes){ 0 };
	bytes_take(&text, (size_t)(at - text.at) + len);
	return text;
}

static struct bytes gs2_user(struct bytes text)
{
	take_until(&text, ','); /* whether channels are bound */
	struct bytes authorize = take_until(&text, ',');
	if (line_starts(text, "n=")) {
		bytes_take(&text, 2);
		return take_until(&text, ',');
	}
	return after(authorize, "a=");
}

/* Empty if it can't be told. */
static struct bytes user_in(const struct sasl *sasl, struct bytes text)
{
	struct bytes quoted;
	switch (mechanisms[sasl->mechanism].shape) {
	case SHAPE_PLAIN:
		take_until(&text, '\0');
		return take_until(&text, '\0');
	case SHAPE_LOGIN:
		return text;
	case SHAPE_CRAM:
		return take_until(&text, ' ');
	case SHAPE_TOKEN:
		text = after(text, "user=");
		return take_until(&text, 1);
	case SHAPE_GS2:
		return gs2_user(text);
	case SHAPE_DIGEST:
		quoted = after(text, "username=\"");
		return take_until(&quoted, '"');
	default:
		return (struct bytes){ 0 };
	}
}

void sasl_answer(struct sasl *sasl, struct bytes base64)
{
	uint8_t decoded[DECODED_MAX];
	if (sasl->responses > 0 || sasl->mechanism == 0)
		return; /* it may be a password */
	sasl->responses++;
	size_t len = base64_decode(base64, decoded, sizeof(decoded));
	facts_text(sasl->user, sizeof(sasl->user),
		   user_in(sasl, bytes_of(decoded, len)));
	explicit_bzero(decoded, sizeof(decoded));
}
