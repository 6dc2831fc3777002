/*
 * memcached.c: memcached, in its text and its binary protocol, over TCP and UDP
 * (doc/protocol.txt, doc/protocol-binary.txt of memcached).
 *
 * Replies tell all there is to know: versions, errors, who is let in.  Of requests only
 * the binary ones are read, for the user who logs in; keys and values never.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "protocol/line.h"
#include "protocol/memcached.h"
#include "protocol/protocol.h"
#include "protocol/text.h"

enum {
	PORT = 11211,
	KEY_MAX = 250,
	HEADER = 24,
	MAGIC_REQUEST = 0x80,
	MAGIC_RESPONSE = 0x81,

	OP_VERSION = 0x0b,
	OP_STAT = 0x10,
	OP_SASL_AUTH = 0x21,
	OP_SASL_STEP = 0x22,

	STATUS_OK = 0,
	STATUS_AUTH_ERROR = 0x20,
	STATUS_OUT_OF_MEMORY = 0x82,
	STATUS_INTERNAL_ERROR = 0x84, /* then busy, temporary failure */
	STATUS_TEMPORARY = 0x86,

	BODY_READ = 256, /* of a binary message, if its body is of interest */
	USER_KEPT = 32,
};

static const struct talk_notice amplifier = {
	.kind = "weak_protocol",
	.technique = "memcached_udp",
	.severity = "low",
	.mitre = "T1498.002",
	.about = ABOUT_SERVICE,
	.why = "one datagram with a forged source brings its victim thousands "
	       "(CVE-2018-1000115)",
};

/* ---- lines ---- */

static bool take_number(struct bytes *line, uint64_t *value)
{
	struct bytes word = line_word(line);
	*value = 0;
	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] < '0' || word.at[i] > '9' || i == 19)
			return false;
		*value = *value * 10 + (word.at[i] - '0');
	}
	return word.len > 0;
}

static bool is_key(struct bytes word)
{
	return word.len > 0 && word.len <= KEY_MAX;
}

/* "set key flags exptime bytes": what nobody else says. */
static bool is_storage(struct bytes line)
{
	static const char *const words[] = { "set",    "add",     "replace",
					     "append", "prepend", "cas" };
	struct bytes word = line_word(&line);
	bool is_known = false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		is_known |= text_is(word, words[i]);
	uint64_t number;
	if (!is_known || !is_key(line_word(&line)) || !take_number(&line, &number))
		return false;
	struct bytes time = line_word(&line);
	if (time.len > 0 && time.at[0] == '-')
		bytes_take(&time, 1);
	return take_number(&time, &number) && take_number(&line, &number);
}

/* Others know these words, too. */
static bool is_command(struct bytes line)
{
	static const char *const words[] = {
		"get",   "gets",  "gat",     "gats",      "delete",    "incr", "decr",
		"touch", "stats", "version", "flush_all", "verbosity", "quit", "mg",
		"ms",    "md",    "ma",      "mn",        "me",
	};
	struct bytes word = line_word(&line);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_is(word, words[i]))
			return true;
	return false;
}

/* "VALUE key flags bytes" */
static bool is_value(struct bytes line, uint64_t *bytes)
{
	uint64_t flags;
	return text_is(line_word(&line), "VALUE") && is_key(line_word(&line)) &&
	       take_number(&line, &flags) && take_number(&line, bytes);
}

bool memcached_is_version(struct bytes line, struct bytes *version)
{
	bool is = text_is(line_word(&line), "VERSION");
	*version = line_word(&line);
	return is && version->len > 0 && version->at[0] >= '0' && version->at[0] <= '9';
}

/* "STAT version 1.6.18" */
static bool is_stat(struct bytes line, struct bytes *name, struct bytes *value)
{
	bool is = text_is(line_word(&line), "STAT");
	*name = line_word(&line);
	*value = line_word(&line);
	return is && name->len > 0;
}

/* The last line, or the only one, of a reply. */
static bool is_reply(struct bytes line)
{
	static const char *const words[] = {
		"END",          "STORED",       "NOT_STORED", "EXISTS", "NOT_FOUND",
		"DELETED",      "TOUCHED",      "OK",         "ERROR",  "RESET",
		"CLIENT_ERROR", "SERVER_ERROR", "HD",         "EN",     "NF",
		"NS",           "EX",           "MN",
	};
	struct bytes rest = line, number = line;
	struct bytes word = line_word(&rest);
	uint64_t value;
	if (take_number(&number, &value) && number.len == 0)
		return true; /* of incr and decr */
	/* Others who say OK say more with it. */
	if (text_is(word, "OK") || text_is(word, "ERROR"))
		return rest.len == 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_is(word, words[i]))
			return true;
	return false;
}

/* "VA 5 ...": a value of the meta commands. */
static bool is_meta_value(struct bytes line, uint64_t *bytes)
{
	return text_is(line_word(&line), "VA") && take_number(&line, bytes);
}

/* ---- binary messages ---- */

struct header {
	unsigned magic, opcode, status;
	size_t key_len, extras_len, body_len;
};

static bool header_read(struct bytes data, struct header *header)
{
	header->magic = bytes_u8(&data);
	header->opcode = bytes_u8(&data);
	header->key_len = bytes_be16(&data);
	header->extras_len = bytes_u8(&data);
	unsigned type = bytes_u8(&data);
	header->status = bytes_be16(&data);
	header->body_len = bytes_be32(&data);
	bytes_take(&data, 12); /* opaque, CAS */
	return bytes_ok(&data) && type == 0 && header->key_len <= KEY_MAX &&
	       header->extras_len + header->key_len <= header->body_len &&
	       (header->magic == MAGIC_REQUEST || header->magic == MAGIC_RESPONSE);
}

/* Each request has extras of one length, or none. */
static bool request_is_sane(const struct header *header)
{
	enum { OPCODES = 0x48, SET = 8, COUNT = 20, FLUSH = 4 };
	size_t extras = header->extras_len;
	return header->opcode < OPCODES &&
	       (extras == 0 || extras == SET || extras == COUNT || extras == FLUSH) &&
	       header->body_len <= 1U << 27;
}

static enum verdict looks_binary(struct bytes said, unsigned magic)
{
	struct header header;
	if (said.at[0] != magic)
		return VERDICT_NO;
	if (said.len > 1 && said.at[1] >= 0x48)
		return VERDICT_NO;
	if (said.len > 5 && said.at[5] != 0)
		return VERDICT_NO;
	if (said.len < HEADER)
		return VERDICT_MORE;
	return header_read(said, &header) && request_is_sane(&header) ? VERDICT_YES
								      : VERDICT_NO;
}

/* ---- recognising ---- */

/* How far one side's words are memcached's. */
enum sureness { NOT, UNKNOWN, LIKELY, SURE };

/* The begin of a line: words in that case, as far as there are any. */
static bool may_begin(struct bytes said, bool is_client)
{
	size_t len = said.len < 4 ? said.len : 4;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = said.at[i];
		bool fits = is_client
				    ? (c >= 'a' && c <= 'z')
				    : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!fits &&
		    (i == 0 || (c != ' ' && c != '_' && c != '\r' && c != '\n')))
			return false;
	}
	return true;
}

static enum sureness client_text(struct bytes said)
{
	struct bytes line, rest = said;
	if (!may_begin(said, true))
		return NOT;
	if (!line_take(&rest, &line))
		return said.len < OPENING_MAX || is_command(said) ? UNKNOWN : NOT;
	if (is_storage(line))
		return SURE;
	return is_command(line) ? LIKELY : NOT;
}

static enum sureness server_text(struct bytes said)
{
	struct bytes line, rest = said, name, value;
	uint64_t number;
	if (!may_begin(said, false))
		return NOT;
	if (!line_take(&rest, &line))
		return said.len < OPENING_MAX ? UNKNOWN : NOT;
	if (is_value(line, &number) || memcached_is_version(line, &name))
		return SURE;
	if (is_stat(line, &name, &value))
		return text_is(name, "pid") ? SURE : LIKELY;
	return is_reply(line) || is_meta_value(line, &number) ? LIKELY : NOT;
}

static enum sureness side_is(struct bytes said, bool is_client)
{
	if (said.len == 0)
		return UNKNOWN;
	switch (looks_binary(said, is_client ? MAGIC_REQUEST : MAGIC_RESPONSE)) {
	case VERDICT_YES:
		return SURE;
	case VERDICT_MORE:
		return UNKNOWN;
	default:
		return is_client ? client_text(said) : server_text(said);
	}
}

static enum verdict stream_looks(const struct opening *opening)
{
	enum sureness client = side_is(opening->said[CLIENT], true);
	enum sureness server = side_is(opening->said[SERVER], false);
	if (client == NOT || server == NOT)
		return VERDICT_NO;
	if (client == SURE || server == SURE)
		return VERDICT_YES;
	if (client == LIKELY && (server == LIKELY || opening->port[SERVER] == PORT))
		return VERDICT_YES;
	return VERDICT_MORE;
}

bool memcached_take_frame(struct bytes *data, unsigned *number)
{
	bytes_be16(data); /* request */
	*number = bytes_be16(data);
	unsigned count = bytes_be16(data);
	unsigned reserved = bytes_be16(data);
	return bytes_ok(data) && reserved == 0 && *number < count;
}

static enum verdict datagram_looks(const struct opening *opening)
{
	struct bytes said = opening_first(opening);
	unsigned number;
	if (said.len == 0)
		return VERDICT_MORE;
	if (!memcached_take_frame(&said, &number) || number != 0 || said.len == 0)
		return VERDICT_NO;
	/* Who is seen first may be either. */
	return side_is(said, true) >= LIKELY || side_is(said, false) >= LIKELY
		       ? VERDICT_YES
		       : VERDICT_NO;
}

static enum verdict memcached_recognise(const struct opening *opening)
{
	return opening->transport == IPPROTO_TCP ? stream_looks(opening)
						 : datagram_looks(opening);
}

/* ---- reading ---- */

struct memcached_state {
	uint8_t user_len;
	uint8_t user[USER_KEPT];
	bool is_plain;
};

static void note_version(struct talk *talk, struct bytes version)
{
	char text[48];
	facts_text(text, sizeof(text), version);
	snprintf(talk->facts.software, sizeof(talk->facts.software), "memcached %s",
		 text);
}

static void tell_login(struct talk *talk, struct bytes user, enum outcome outcome,
		       const char *method, int64_t at_us)
{
	struct login_seen login = {
		.user = user, .outcome = outcome, .method = method, .seen_by = "packets"
	};
	talk_login(talk, &login, at_us);
}

/* Text servers that ask for a login say so to all who have none. */
static bool is_refusal(struct bytes line)
{
	return text_is(line, "CLIENT_ERROR authentication failure");
}

/* One line of a reply; how many octets of data follow it. */
static uint64_t read_line(struct talk *talk, struct bytes line, int64_t at_us)
{
	struct bytes name, value;
	uint64_t len = 0;
	if (is_value(line, &len))
		return len + 2;
	if (is_stat(line, &name, &value)) {
		if (text_is(name, "version"))
			note_version(talk, value);
		return 0;
	}
	if (memcached_is_version(line, &value))
		note_version(talk, value);
	else if (is_meta_value(line, &len))
		len += 2;
	else if (!is_reply(line))
		return 0;
	if (is_refusal(line))
		tell_login(talk, (struct bytes){ 0 }, OUTCOME_FAILURE, "ascii", at_us);
	talk_answered(talk, line_starts(line, "SERVER_ERROR"), UNKNOWN_U64);
	return len;
}

static void read_text(struct talk *talk, struct said *said)
{
	struct bytes line;
	if (said->by == CLIENT) {
		talk_skip_turn(talk, CLIENT);
		return;
	}
	while (line_take(&said->data, &line)) {
		uint64_t len = read_line(talk, line, said->at_us);
		if (len > 0)
			talk_pass(talk, said, len);
	}
}

/* "\0user\0password" of PLAIN (RFC 4616); other mechanisms hide who it is. */
static void note_user(struct memcached_state *state, struct bytes mechanism,
		      struct bytes value)
{
	state->user_len = 0;
	state->is_plain = text_is(mechanism, "PLAIN");
	if (!state->is_plain)
		return;
	text_take(&value);
	struct bytes user = text_take(&value);
	if (!bytes_ok(&value) || user.len == 0)
		return;
	state->user_len = (uint8_t)(user.len < USER_KEPT ? user.len : USER_KEPT);
	memcpy(state->user, user.at, state->user_len);
}

static bool is_server_error(unsigned status)
{
	return status == STATUS_OUT_OF_MEMORY ||
	       (status >= STATUS_INTERNAL_ERROR && status <= STATUS_TEMPORARY);
}

static void read_response(struct talk *talk, const struct header *header,
			  struct bytes key, struct bytes value, int64_t at_us)
{
	struct memcached_state *state = STATE(talk, struct memcached_state);
	bool is_login =
		header->opcode == OP_SASL_AUTH || header->opcode == OP_SASL_STEP;
	if (header->opcode == OP_VERSION && header->status == STATUS_OK)
		note_version(talk, value);
	if (header->opcode == OP_STAT && key.len > 0) {
		if (text_is(key, "version"))
			note_version(talk, value);
		return; /* the last one has no key */
	}
	if (is_login &&
	    (header->status == STATUS_OK || header->status == STATUS_AUTH_ERROR))
		tell_login(talk, bytes_of(state->user, state->user_len),
			   header->status == STATUS_OK ? OUTCOME_SUCCESS
						       : OUTCOME_FAILURE,
			   state->is_plain ? "PLAIN" : NULL, at_us);
	talk_answered(talk, is_server_error(header->status), UNKNOWN_U64);
}

static bool is_of_interest(const struct header *header)
{
	return header->body_len <= BODY_READ &&
	       (header->opcode == OP_VERSION || header->opcode == OP_STAT ||
		header->opcode == OP_SASL_AUTH || header->opcode == OP_SASL_STEP);
}

static void read_message(struct talk *talk, const struct said *said,
			 const struct header *header, struct bytes body)
{
	bytes_take(&body, header->extras_len);
	struct bytes key = bytes_take(&body, header->key_len);
	if (header->magic == MAGIC_RESPONSE)
		read_response(talk, header, key, body, said->at_us);
	else if (header->opcode == OP_SASL_AUTH)
		note_user(STATE(talk, struct memcached_state), key, body);
}

/*
 * Takes a message off the front, but for *rest octets that are of no interest.  False,
 * and nothing taken, if more of it has to come.
 */
static bool take_message(struct talk *talk, const struct said *said, struct bytes *data,
			 const struct header *header, size_t *rest)
{
	size_t read = is_of_interest(header) ? header->body_len : 0;
	if (data->len < HEADER + read)
		return false;
	bytes_take(data, HEADER);
	struct bytes body = bytes_take(data, read);
	*rest = header->body_len - read;
	read_message(talk, said, header, body);
	return true;
}

static void read_binary(struct talk *talk, struct said *said)
{
	struct header header;
	size_t rest;
	while (said->data.len >= HEADER) {
		if (!header_read(said->data, &header)) {
			talk_skip_turn(talk, said->by);
			return;
		}
		if (!take_message(talk, said, &said->data, &header, &rest))
			return;
		talk_pass(talk, said, rest);
	}
}

static bool is_binary(struct bytes data)
{
	return data.len > 0 &&
	       (data.at[0] == MAGIC_REQUEST || data.at[0] == MAGIC_RESPONSE);
}

static bool is_response(struct bytes data)
{
	struct header header;
	if (is_binary(data))
		return header_read(data, &header) && header.magic == MAGIC_RESPONSE;
	return server_text(data) >= LIKELY;
}

/* The first message of a datagram: others rarely are in one. */
static void read_datagram(struct talk *talk, const struct said *said, struct bytes data)
{
	struct header header;
	struct bytes line;
	size_t rest;
	if (is_binary(data)) {
		if (header_read(data, &header))
			take_message(talk, said, &data, &header, &rest);
		return;
	}
	while (is_response(data) && line_take(&data, &line) &&
	       read_line(talk, line, said->at_us) == 0)
		;
}

static void take_datagram(struct talk *talk, struct said *said)
{
	const struct addr *asker = &talk->addr[1 - said->by];
	struct bytes data = bytes_take(&said->data, said->data.len);
	unsigned number;
	if (!memcached_take_frame(&data, &number) || number != 0 || data.len == 0)
		return;
	if (is_response(data) && !addr_is_private(asker) && !addr_is_loopback(asker))
		talk_notice(talk, &amplifier, said->at_us,
			    "the server answers strangers over UDP");
	read_datagram(talk, said, data);
}

static void memcached_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (talk->transport == IPPROTO_UDP)
		take_datagram(talk, said);
	else if (is_binary(said->data))
		read_binary(talk, said);
	else
		read_text(talk, said);
}

const struct protocol protocol_memcached = {
	.name = "memcached",
	.doc = "memcached",
	.transports = { IPPROTO_TCP, IPPROTO_UDP },
	.ports = { PORT },
	.state_size = sizeof(struct memcached_state),
	.recognise = memcached_recognise,
	.read = memcached_read,
	.asking = &memcached_asking,
};
