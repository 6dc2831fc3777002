/*
 * mysql.h: what packets of MySQL and MariaDB say.
 *
 * A payload goes in, what it says comes out; who said it, and when, is mysql.c's.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/ask.h"

/* Capabilities of the handshake, by both sides. */
enum {
	MYSQL_LONG_PASSWORD = 0x1,
	MYSQL_CONNECT_WITH_DB = 0x8,
	MYSQL_COMPRESS = 0x20,
	MYSQL_PROTOCOL_41 = 0x200,
	MYSQL_SSL = 0x800,
	MYSQL_SECURE_CONNECTION = 0x8000,
	MYSQL_PLUGIN_AUTH = 0x80000,
	MYSQL_CONNECT_ATTRIBUTES = 0x100000,
	MYSQL_LENGTH_ENCODED_AUTH = 0x200000,
	MYSQL_ZSTD = 0x4000000,
};

/* First octet of a server's payload. */
enum {
	MYSQL_SAYS_OK = 0x00,
	MYSQL_SAYS_MORE = 0x01,
	MYSQL_SAYS_FILE = 0xfb, /* LOCAL INFILE: the client is to send a file first */
	MYSQL_SAYS_SWITCH = 0xfe,
	MYSQL_SAYS_ERROR = 0xff,
};

/* Payload of the server's first packet; false if it is none. */
struct mysql_greeting {
	uint8_t protocol;
	struct bytes version;
	uint32_t capabilities;
	struct bytes challenge[2]; /* both halves of the 20 octets, or empty */
	struct bytes plugin;
};
bool mysql_read_greeting(struct bytes payload, struct mysql_greeting *greeting);

/* Payload of the client's first packet, cut or not: what is there is read. */
struct mysql_login {
	uint32_t capabilities;
	bool asks_tls;
	struct bytes user, answer, database, plugin, client_name, client_version;
};
void mysql_read_login(struct bytes payload, struct mysql_login *login);

/* Payload of COM_CHANGE_USER. */
void mysql_read_change_user(struct bytes payload, uint32_t capabilities,
			    struct mysql_login *login);

/* Code of an ERR packet. */
uint16_t mysql_read_error(struct bytes payload);

/* The server does not let this user in: no fault of its own. */
bool mysql_is_denial(uint16_t code);
/* The server has no room for this connection, or for this user's. */
bool mysql_is_overload(uint16_t code);
/* The user was let in, and only the database was not to be had. */
bool mysql_is_about_database(uint16_t code);

/* The authentication plugin of that name; NULL for plugins nobody ships. */
const char *mysql_method_named(struct bytes plugin);
/* The one a client means, also if it is too old to name it. */
const char *mysql_method_of(const struct mysql_login *login);

extern const struct asking mysql_asking;
