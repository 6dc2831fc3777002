/*
 * mysql_packet.c: what packets of MySQL and MariaDB say; see mysql.h.
 */
#include "protocol/mysql.h"

#include "protocol/text.h"

/* A length-encoded integer. */
static uint64_t take_length(struct bytes *data)
{
	uint8_t first = bytes_u8(data);
	switch (first) {
	case 0xfc:
		return bytes_le16(data);
	case 0xfd:
		return bytes_le24(data);
	case 0xfe:
		return bytes_le64(data);
	default:
		return first;
	}
}

static struct bytes take_counted(struct bytes *data)
{
	uint64_t len = take_length(data);
	return bytes_take(data, len < SIZE_MAX ? (size_t)len : SIZE_MAX);
}

/* What servers since 4.1 say behind the capabilities; nothing kept if it is cut. */
static void read_rest(struct bytes rest, struct mysql_greeting *greeting)
{
	enum { SECOND_HALF = 12 };
	bytes_take(&rest, 1 + 10); /* length of the challenge, reserved */
	struct bytes half = bytes_take(&rest, SECOND_HALF);
	bytes_take(&rest, 1);
	if (!bytes_ok(&rest))
		return;
	greeting->challenge[1] = half;
	greeting->plugin = text_take(&rest);
}

bool mysql_read_greeting(struct bytes payload, struct mysql_greeting *greeting)
{
	*greeting = (struct mysql_greeting){ .protocol = bytes_u8(&payload) };
	greeting->version = text_take(&payload);
	bytes_take(&payload, 4); /* connection */
	greeting->challenge[0] = bytes_take(&payload, 8);
	bytes_take(&payload, 1); /* filler */
	if (!bytes_ok(&payload) ||
	    (greeting->protocol != 9 && greeting->protocol != 10))
		return false;
	greeting->capabilities = bytes_le16(&payload);
	bytes_take(&payload, 1 + 2); /* character set, status */
	uint32_t upper = bytes_le16(&payload);
	if (!bytes_ok(&payload))
		return true;
	greeting->capabilities |= upper << 16;
	read_rest(payload, greeting);
	return true;
}

/* "_client_name" and "_client_version" of the client's words about itself. */
static void read_attributes(struct bytes all, struct mysql_login *login)
{
	while (all.len > 0 && bytes_ok(&all)) {
		struct bytes key = take_counted(&all), value = take_counted(&all);
		if (!bytes_ok(&all))
			return;
		if (key.len == 12 && memcmp(key.at, "_client_name", 12) == 0)
			login->client_name = value;
		else if (key.len == 15 && memcmp(key.at, "_client_version", 15) == 0)
			login->client_version = value;
	}
}

static struct bytes take_answer(struct bytes *payload, uint32_t capabilities)
{
	if (capabilities & MYSQL_LENGTH_ENCODED_AUTH)
		return take_counted(payload);
	if (capabilities & MYSQL_SECURE_CONNECTION)
		return bytes_take(payload, bytes_u8(payload));
	return text_take(payload);
}

/* A handshake response of before 4.1; its database is of no interest. */
static void read_old_login(struct bytes payload, struct mysql_login *login)
{
	login->capabilities = bytes_le16(&payload);
	login->asks_tls = (login->capabilities & MYSQL_SSL) != 0 && payload.len <= 3;
	bytes_take(&payload, 3); /* longest packet */
	login->user = text_take(&payload);
	login->answer = payload;
}

void mysql_read_login(struct bytes payload, struct mysql_login *login)
{
	struct bytes whole = payload;
	*login = (struct mysql_login){ .capabilities = bytes_le32(&payload) };
	if (!(login->capabilities & MYSQL_PROTOCOL_41)) {
		read_old_login(whole, login);
		return;
	}
	bytes_take(&payload, 4 + 1 + 23); /* longest packet, character set, filler */
	login->asks_tls = (login->capabilities & MYSQL_SSL) != 0 && payload.len == 0;
	login->user = text_take(&payload);
	login->answer = take_answer(&payload, login->capabilities);
	if (login->capabilities & MYSQL_CONNECT_WITH_DB)
		login->database = text_take(&payload);
	if (login->capabilities & MYSQL_PLUGIN_AUTH)
		login->plugin = text_take(&payload);
	if (login->capabilities & MYSQL_CONNECT_ATTRIBUTES)
		read_attributes(take_counted(&payload), login);
}

void mysql_read_change_user(struct bytes payload, uint32_t capabilities,
			    struct mysql_login *login)
{
	*login = (struct mysql_login){ .capabilities = capabilities };
	bytes_take(&payload, 1);
	login->user = text_take(&payload);
	login->answer = take_answer(
		&payload, capabilities & ~(uint32_t)MYSQL_LENGTH_ENCODED_AUTH);
	login->database = text_take(&payload);
	bytes_take(&payload, 2); /* character set */
	if (capabilities & MYSQL_PLUGIN_AUTH)
		login->plugin = text_take(&payload);
}

uint16_t mysql_read_error(struct bytes payload)
{
	bytes_take(&payload, 1);
	return bytes_le16(&payload);
}

bool mysql_is_denial(uint16_t code)
{
	switch (code) {
	case 1045: /* ER_ACCESS_DENIED_ERROR */
	case 1130: /* ER_HOST_NOT_PRIVILEGED */
	case 1251: /* ER_NOT_SUPPORTED_AUTH_MODE */
	case 1698: /* ER_ACCESS_DENIED_NO_PASSWORD_ERROR */
	case 1862: /* ER_MUST_CHANGE_PASSWORD_LOGIN */
	case 3118: /* ER_ACCOUNT_HAS_BEEN_LOCKED */
	case 3159: /* ER_SECURE_TRANSPORT_REQUIRED */
	case 3955: /* ... BLOCKED_BY_PASSWORD_LOCK */
	case 4151: /* MariaDB's ER_ACCOUNT_HAS_BEEN_LOCKED */
		return true;
	default:
		return false;
	}
}

bool mysql_is_overload(uint16_t code)
{
	/* ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED */
	return code == 1040 || code == 1203 || code == 1226;
}

bool mysql_is_about_database(uint16_t code)
{
	return code == 1044 || code == 1049;
}

const char *mysql_method_named(struct bytes plugin)
{
	static const char *const known[] = {
		"mysql_native_password",
		"mysql_old_password",
		"mysql_clear_password",
		"caching_sha2_password",
		"sha256_password",
		"client_ed25519",
		"dialog",
		"auth_gssapi_client",
		"authentication_ldap_sasl_client",
		"parsec",
		"authentication_kerberos_client",
		"authentication_webauthn_client",
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (plugin.len == strlen(known[i]) &&
		    memcmp(plugin.at, known[i], plugin.len) == 0)
			return known[i];
	return NULL;
}

const char *mysql_method_of(const struct mysql_login *login)
{
	if (login->plugin.len > 0)
		return mysql_method_named(login->plugin);
	return login->capabilities & MYSQL_SECURE_CONNECTION ? "mysql_native_password"
							     : "mysql_old_password";
}
