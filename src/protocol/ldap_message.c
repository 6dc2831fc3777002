/*
 * ldap_message.c: what messages of LDAP say; see ldap.h.
 */
#include "protocol/ldap.h"

#include <stdio.h>
#include <string.h>

#include "protocol/ber.h"
#include "protocol/ntlmssp.h"
#include "protocol/text.h"

enum { STRING = 0x04, ENUMERATED = 0x0a, INTEGER = 0x02, SET = 0x31 };

/*
 * A value whose content may be cut: what of it is here, and its whole length.  Bad if
 * its begin is.
 */
static struct bytes take_cut(struct bytes *data, uint8_t *tag, size_t *len)
{
	struct bytes rest = *data;
	size_t need, before = rest.len;
	struct bytes content = ber_take(&rest, tag, &need);
	if (!content.bad) {
		*data = rest;
		*len = content.len;
		return content;
	}
	/* As long as the value needs: its begin is here, so its content is cut. */
	rest = *data;
	bytes_take(&rest, 1);
	unsigned octets = bytes_u8(&rest);
	octets = octets > 0x80 ? octets & 0x7f : 0;
	if (need <= before || !bytes_ok(&rest) || octets > 4 || rest.len < octets) {
		data->bad = true;
		return (struct bytes){ .bad = true };
	}
	bytes_take(&rest, octets);
	*len = need - (before - rest.len);
	data->at += data->len;
	data->len = 0;
	return bytes_of(rest.at, rest.len);
}

/* Entries matter only if they are the root's. */
static size_t enough_of(uint8_t operation, struct bytes content)
{
	bool is_root = content.len > 1 && content.at[0] == STRING && content.at[1] == 0;
	if (operation == LDAP_BIND || (operation == LDAP_ENTRY && is_root))
		return LDAP_ENOUGH;
	return 48;
}

enum verdict ldap_read_message(struct bytes data, bool is_all,
			       struct ldap_message *message)
{
	struct bytes whole = data;
	uint8_t tag;
	size_t len, rest_len;
	struct bytes inside = take_cut(&data, &tag, &len);
	if (inside.bad)
		return whole.len < 6 && !is_all && whole.at[0] == LDAP_SEQUENCE
			       ? VERDICT_MORE
			       : VERDICT_NO;
	if (tag != LDAP_SEQUENCE)
		return VERDICT_NO;
	message->len = (uint64_t)len + (size_t)(inside.at - whole.at);
	size_t here = inside.len;
	bool is_whole = here == len || is_all;
	message->id = ber_int(&inside, INTEGER);
	bool has_id = bytes_ok(&inside);
	message->content = take_cut(&inside, &message->operation, &rest_len);
	if (!has_id || message->content.bad)
		return !is_whole && here < 16 ? VERDICT_MORE : VERDICT_NO;
	size_t enough = enough_of(message->operation, message->content);
	return is_whole || here >= enough || whole.len >= LDAP_ENOUGH ? VERDICT_YES
								      : VERDICT_MORE;
}

static const char *mechanism_named(struct bytes name)
{
	static const char *const known[] = {
		"EXTERNAL",
		"DIGEST-MD5",
		"CRAM-MD5",
		"GSSAPI",
		"GSS-SPNEGO",
		"PLAIN",
		"NTLM",
		"LOGIN",
		"SCRAM-SHA-1",
		"SCRAM-SHA-256",
		"SCRAM-SHA-512",
		"OTP",
		"SCRAM-SHA-1-PLUS",
		"ANONYMOUS",
		"SCRAM-SHA-256-PLUS",
		"OAUTHBEARER",
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_is(name, known[i]))
			return known[i];
	return NULL;
}

uint8_t ldap_keep_user(uint8_t to[static USER_MAX], struct bytes user)
{
	size_t len = user.len < USER_MAX ? user.len : USER_MAX;
	if (len > 0)
		memcpy(to, user.at, len);
	return (uint8_t)len;
}

static void keep_user(struct ldap_bind *bind, struct bytes user)
{
	bind->user_len = ldap_keep_user(bind->user, user);
}

static void keep_ntlm_user(struct ldap_bind *bind, struct bytes token)
{
	struct ntlmssp ntlm;
	ntlmssp_read(token, &ntlm);
	if (ntlm.user_len > 0)
		keep_user(bind, bytes_of(ntlm.user, ntlm.user_len));
	if (ntlm.type == NTLMSSP_AUTHENTICATE)
		bind->has_proof = ntlm.user_len > 0;
}

/* RFC 4616, 2: [authorization] NUL authentication NUL password */
static void read_plain(struct bytes credentials, struct ldap_bind *bind)
{
	text_take(&credentials);
	struct bytes user = text_take(&credentials);
	bind->shows_password = bytes_ok(&credentials) && credentials.len > 0;
	if (bytes_ok(&credentials))
		keep_user(bind, user);
}

/* Text that stands between two others; empty if it does not. */
static struct bytes text_between(struct bytes text, const char *before, char after)
{
	const uint8_t *from =
		text.len > 0 ? memmem(text.at, text.len, before, strlen(before)) : NULL;
	if (from == NULL)
		return (struct bytes){ 0 };
	bytes_take(&text, (size_t)(from - text.at) + strlen(before));
	const uint8_t *to = text.len > 0 ? memchr(text.at, after, text.len) : NULL;
	return to != NULL ? bytes_of(text.at, (size_t)(to - text.at))
			  : (struct bytes){ 0 };
}

/* Who it is, where a mechanism says it in its own way. */
static void read_token(struct bytes mechanism, struct bytes token,
		       struct ldap_bind *bind)
{
	struct bytes user = { 0 };
	if (text_is(mechanism, "DIGEST-MD5"))
		user = text_between(token, "username=\"", '"');
	else if (text_is(mechanism, "CRAM-MD5"))
		user = text_between(token, "", ' ');
	else if (text_starts(mechanism, "SCRAM-"))
		user = text_between(token, ",n=", ',');
	else
		keep_ntlm_user(bind, token);
	if (user.len > 0)
		keep_user(bind, user);
}

/* SaslCredentials (4.2): mechanism, credentials */
static void read_sasl(struct bytes content, struct ldap_bind *bind)
{
	size_t len;
	uint8_t tag;
	struct bytes mechanism = take_cut(&content, &tag, &len), credentials = { 0 };
	if (mechanism.bad || tag != STRING)
		return;
	if (content.len > 0)
		credentials = take_cut(&content, &tag, &len);
	bind->by_sasl = true;
	bind->method = mechanism_named(mechanism);
	bind->has_proof = !text_is(mechanism, "ANONYMOUS");
	if (credentials.bad || credentials.len == 0)
		return;
	if (text_is(mechanism, "PLAIN"))
		read_plain(credentials, bind);
	else
		read_token(mechanism, credentials, bind);
}

void ldap_read_bind(struct bytes content, struct ldap_bind *bind)
{
	/* simple, sasl, and what Microsoft had before (MS-ADTS 5.1.1.1.3) */
	enum { SIMPLE = 0x80, SASL = 0xa3, DISCOVERY = 0x89, RESPONSE = 0x8b };
	size_t len;
	uint8_t tag;
	*bind = (struct ldap_bind){ 0 };
	int32_t version = ber_int(&content, INTEGER);
	struct bytes name = take_cut(&content, &tag, &len);
	if (name.bad || tag != STRING || version < 1 || version > 127)
		return;
	bind->version = (uint8_t)version;
	keep_user(bind, name);
	struct bytes proof = take_cut(&content, &tag, &len);
	if (proof.bad)
		return;
	if (tag == SIMPLE) {
		bind->method = "simple";
		bind->has_proof = bind->shows_password = len > 0;
	} else if (tag == SASL) {
		read_sasl(proof, bind);
	} else if (tag >= DISCOVERY && tag <= RESPONSE) {
		bind->method = "NTLM";
		bind->has_proof = tag == RESPONSE;
		keep_user(bind, (struct bytes){ 0 });
		keep_ntlm_user(bind, proof);
	}
}

bool ldap_is_start_tls(struct bytes content)
{
	enum { NAME = 0x80 };
	return text_is(ber_expect(&content, NAME), "1.3.6.1.4.1.1466.20037");
}

int32_t ldap_read_result(struct bytes content)
{
	int32_t code = ber_int(&content, ENUMERATED);
	return bytes_ok(&content) && code >= 0 ? code : -1;
}

bool ldap_is_fault(int32_t code)
{
	/* operationsError, busy, unavailable, other */
	return code == 1 || code == 51 || code == 52 || code == 80;
}

bool ldap_is_denial(int32_t code)
{
	switch (code) {
	case 19: /* constraintViolation: locked, as some say */
	case 32: /* noSuchObject */
	case 48: /* inappropriateAuthentication */
	case 49: /* invalidCredentials */
	case 50: /* insufficientAccessRights */
	case 53: /* unwillingToPerform: disabled */
		return true;
	default:
		return false;
	}
}

/* The first value of a PartialAttribute's set. */
static struct bytes first_value(struct bytes values)
{
	return ber_expect(&values, STRING);
}

bool ldap_read_vendor(struct bytes content, char *software, size_t size)
{
	struct bytes name = { 0 }, version = { 0 };
	char vendor[32], text[48];
	struct bytes dn = ber_expect(&content, STRING);
	struct bytes list = ber_expect(&content, LDAP_SEQUENCE);
	if (dn.bad || dn.len > 0 || list.bad)
		return false;
	while (list.len > 0 && bytes_ok(&list)) {
		struct bytes attribute = ber_expect(&list, LDAP_SEQUENCE);
		struct bytes type = ber_expect(&attribute, STRING);
		struct bytes value = first_value(ber_expect(&attribute, SET));
		if (!type.bad && !value.bad && text_is(type, "vendorName"))
			name = value;
		else if (!type.bad && !value.bad && text_is(type, "vendorVersion"))
			version = value;
	}
	if (version.len == 0)
		return false;
	/* "389-Directory/2.3.1" names itself, "8.5.0.2" does not. */
	bool is_bare = version.at[0] >= '0' && version.at[0] <= '9' &&
		       memchr(version.at, '/', version.len) == NULL;
	facts_text(vendor, sizeof(vendor), name);
	facts_text(text, sizeof(text), version);
	snprintf(software, size, "%s%s%.31s", is_bare ? vendor : "",
		 is_bare && *vendor != '\0' ? " " : "", text);
	return true;
}

bool ldap_is_sealed(struct bytes data)
{
	/* RFC 4121, 4.2.6.2: token 05 04, then flags, of which 2 is sealed. */
	bytes_take(&data, 4);
	uint16_t token = bytes_be16(&data);
	uint8_t flags = bytes_u8(&data);
	/* Others are NTLM's, and encrypt. */
	return !bytes_ok(&data) || token != 0x0504 || (flags & 2) != 0;
}
