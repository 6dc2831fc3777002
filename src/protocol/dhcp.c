/*
 * dhcp.c: how hosts get their addresses (RFC 2131, options of RFC 2132).
 *
 * Client and server mostly speak through broadcasts, so one transaction is in several
 * conversations; each message is told by itself, its identifier joins them.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "protocol/protocol.h"

enum {
	REQUEST = 1,
	REPLY = 2,
	HEADER = 236, /* up to the magic cookie */
	COOKIE = 0x63825363,
	HARDWARE_MAX = 16,

	PAD = 0,
	HOST_NAME = 12,
	REQUESTED_ADDRESS = 50,
	LEASE_TIME = 51,
	OVERLOAD = 52,
	MESSAGE_TYPE = 53,
	SERVER_IDENTIFIER = 54,
	VENDOR_CLASS = 60,
	END = 255,
	OVERLOAD_FILE = 1, /* the fields for a file or a name hold options, too */
	OVERLOAD_NAME = 2,
};

static const struct talk_notice bad_options = {
	.kind = "protocol_anomaly",
	.technique = "dhcp_options",
	.severity = "notice",
	.about = ABOUT_CLIENT,
	.why = "a parser that believes the length of such an option reads past the end "
	       "(RFC 2132 2)",
};

static const char *type_name(unsigned type)
{
	/* IANA, "Message Type 53 Values". */
	static const char *const names[] = {
		[1] = "discover",
		[2] = "offer",
		[3] = "request",
		[4] = "decline",
		[5] = "ack",
		[6] = "nak",
		[7] = "release",
		[8] = "inform",
		[9] = "forcerenew",
		[10] = "leasequery",
		[11] = "leaseunassigned",
		[12] = "leaseunknown",
		[13] = "leaseactive",
	};
	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

/* ---- messages ---- */

struct message {
	unsigned operation, hardware_len, type;
	uint32_t id, lease_s;
	struct bytes hardware, host_name, vendor_class;
	struct addr current, assigned, relay, requested, server;
};

/* 0.0.0.0 is none. */
static struct addr address_of(struct bytes four)
{
	struct addr addr = addr_unset();
	if (four.len == 4 && memcmp(four.at, "\0\0\0\0", 4) != 0)
		addr = addr_v4(four.at);
	return addr;
}

/* The octets, if there are as many; an option of another length says nothing. */
static uint32_t number_of(struct bytes value, size_t len, uint32_t unknown)
{
	if (value.len != len)
		return unknown;
	return len == 1 ? bytes_u8(&value) : bytes_be32(&value);
}

static void take_option(struct message *message, unsigned code, struct bytes value,
			unsigned *overload)
{
	switch (code) {
	case HOST_NAME:
		message->host_name = value;
		break;
	case REQUESTED_ADDRESS:
		message->requested = address_of(value);
		break;
	case LEASE_TIME:
		message->lease_s = number_of(value, 4, UNKNOWN_U32);
		break;
	case OVERLOAD:
		*overload = number_of(value, 1, 0);
		break;
	case MESSAGE_TYPE:
		message->type = number_of(value, 1, 0);
		break;
	case SERVER_IDENTIFIER:
		message->server = address_of(value);
		break;
	case VENDOR_CLASS:
		message->vendor_class = value;
		break;
	default:
		break;
	}
}

/* False if one is longer than what there is. */
static bool take_options(struct message *message, struct bytes options,
			 unsigned *overload)
{
	while (options.len > 0) {
		unsigned code = bytes_u8(&options);
		if (code == END)
			break;
		if (code == PAD)
			continue;
		size_t len = bytes_u8(&options);
		struct bytes value = bytes_take(&options, len);
		if (!bytes_ok(&options))
			return false;
		take_option(message, code, value, overload);
	}
	return true;
}

static bool has_cookie(struct bytes data)
{
	bytes_take(&data, HEADER);
	return bytes_be32(&data) == COOKIE;
}

static bool header_read(struct bytes *data, struct message *message)
{
	message->operation = bytes_u8(data);
	bytes_u8(data); /* hardware type */
	message->hardware_len = bytes_u8(data);
	bytes_u8(data); /* hops */
	message->id = bytes_be32(data);
	bytes_be32(data); /* seconds, flags */
	message->current = address_of(bytes_take(data, 4));
	message->assigned = address_of(bytes_take(data, 4));
	bytes_take(data, 4); /* next server */
	message->relay = address_of(bytes_take(data, 4));
	message->hardware = bytes_take(data, HARDWARE_MAX);
	return (message->operation == REQUEST || message->operation == REPLY) &&
	       message->hardware_len <= HARDWARE_MAX;
}

/* False if it is none; *is_sound: its options are well formed. */
static bool message_read(struct bytes data, struct message *message, bool *is_sound)
{
	unsigned overload = 0, ignored = 0;
	*message = (struct message){ .lease_s = UNKNOWN_U32,
				     .requested = addr_unset(),
				     .server = addr_unset() };
	if (!has_cookie(data) || !header_read(&data, message))
		return false;
	struct bytes name = bytes_take(&data, 64), file = bytes_take(&data, 128);
	bytes_be32(&data); /* the cookie */
	*is_sound = take_options(message, data, &overload);
	if (overload & OVERLOAD_FILE)
		*is_sound &= take_options(message, file, &ignored);
	if (overload & OVERLOAD_NAME)
		*is_sound &= take_options(message, name, &ignored);
	return true;
}

/* ---- recognising ---- */

static enum verdict dhcp_recognise(const struct opening *opening)
{
	struct message message;
	bool is_sound;
	struct bytes said = opening_first(opening);
	if (said.len == 0)
		return VERDICT_MORE;
	return message_read(said, &message, &is_sound) ? VERDICT_YES : VERDICT_NO;
}

/* ---- reading ---- */

struct dhcp_state {
	uint32_t id;
	bool is_asked;
	int64_t asked_us;
};

static void put_hardware(char *out, size_t size, const struct message *message)
{
	size_t len = 0;
	for (size_t i = 0; i < message->hardware_len && len + 3 < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%02x",
					i > 0 ? ":" : "", message->hardware.at[i]);
}

static void record_message(struct talk *talk, const struct message *message,
			   int64_t at_us)
{
	struct dhcp_record record;
	record_init(RECORD_dhcp, &record);
	record.type = type_name(message->type);
	record.id = message->id;
	put_hardware(record.mac, sizeof(record.mac), message);
	facts_text(record.hostname, sizeof(record.hostname), message->host_name);
	record.current_ip = message->current;
	record.requested_ip = message->requested;
	record.assigned_ip = message->assigned;
	record.relay_ip = message->relay;
	record.server_id = message->server;
	record.lease_s = message->lease_s;
	talk_record(talk, RECORD_dhcp, &record, at_us);
}

static void note_facts(struct talk *talk, const struct message *message)
{
	struct facts *facts = &talk->facts;
	facts->cleartext = 1;
	if (message->host_name.len > 0)
		facts_text(facts->name, sizeof(facts->name), message->host_name);
	if (message->operation == REQUEST && message->vendor_class.len > 0)
		facts_text(facts->client_software, sizeof(facts->client_software),
			   message->vendor_class);
}

/* Where both sides are in one conversation, how long it took; a refusal is no error. */
static void note_answer(struct talk *talk, const struct message *message, int64_t at_us)
{
	struct dhcp_state *state = STATE(talk, struct dhcp_state);
	if (message->operation == REQUEST) {
		if (!state->is_asked || state->id != message->id)
			state->asked_us = at_us;
		state->id = message->id;
		state->is_asked = true;
	} else if (state->is_asked && state->id == message->id) {
		int64_t took_us = at_us - state->asked_us;
		state->is_asked = false;
		talk_answered(talk, false, took_us > 0 ? (uint64_t)took_us : 0);
	}
}

static void dhcp_read(struct talk *talk, struct said *said)
{
	struct message message;
	bool is_sound;
	struct bytes datagram = bytes_take(&said->data, said->data.len);
	if (!message_read(datagram, &message, &is_sound))
		return;
	if (!is_sound && said->beyond == 0)
		talk_notice(talk, &bad_options, said->at_us,
			    "an option is longer than the message that holds it");
	note_facts(talk, &message);
	record_message(talk, &message, said->at_us);
	note_answer(talk, &message, said->at_us);
}

/* ---- asking ---- */

enum {
	PORT_SERVER = 67,
	PORT_CLIENT = 68,
	DISCOVER = 1,
	OFFER = 2,
	ACK = 5,
	NAK = 6,
	INFORM = 8,
	LEAST = 300, /* what BOOTP's relays pass on (RFC 1542 2.1) */
};

struct dhcp_asking_state {
	bool is_asked;
	uint32_t id;
	uint8_t wanted; /* the type of the answer */
};

/*
 * Always the same, and of nobody (RFC 7042 2.1): a server that keeps what it offers for
 * a while keeps one address for us, not one for each question.
 */
static const uint8_t our_hardware[] = { 0x02, 'b', 'r', 'k', 'w', 't' };

/*
 * Who has an address asks for what else there is to know (RFC 2131 3.4), which leaves
 * no trace; who has none asks for an offer, to be told to all, and never takes it up.
 */
static void put_question(uint8_t *packet, uint8_t type, const struct question *question)
{
	enum {
		ETHERNET = 1,
		BROADCAST = 0x80,
		CLIENT_AT = 12,
		HARDWARE_AT = 28,
		TYPE_AT = 6
	};
	/* The cookie, the type, our class, the end. */
	static const char options[] = "\x63\x82\x53\x63\x35\x01\0\x3c\x0a"
				      "breakwater\xff";
	packet[0] = REQUEST;
	packet[1] = ETHERNET;
	packet[2] = sizeof(our_hardware);
	memcpy(packet + 4, question->nonce, 4);
	if (type == DISCOVER)
		packet[10] = BROADCAST;
	else
		memcpy(packet + CLIENT_AT, question->local.ip6 + 12, 4);
	memcpy(packet + HARDWARE_AT, our_hardware, sizeof(our_hardware));
	memcpy(packet + HEADER, options, sizeof(options) - 1);
	packet[HEADER + TYPE_AT] = type;
}

static void ask_server(struct ask *ask)
{
	const struct question *question = ask->question;
	struct dhcp_asking_state *state = ASK_STATE(ask, struct dhcp_asking_state);
	struct bytes nonce = bytes_of(question->nonce, 4);
	bool has_address =
		addr_is_v4(&question->local) && !addr_is_unspecified(&question->local);
	uint8_t type = has_address ? INFORM : DISCOVER;
	uint8_t packet[LEAST] = { 0 };
	if (!addr_is_v4(&question->remote)) {
		ask_unwell(ask, REASON_no_route, ASK_CLOSE,
			   "DHCP is of IPv4, and this is an address of IPv6");
		return;
	}
	put_question(packet, type, question);
	ask_send(ask, packet, sizeof(packet));
	state->is_asked = true;
	state->id = bytes_be32(&nonce);
	state->wanted = has_address ? ACK : OFFER;
}

static void hear_answer(struct ask *ask, struct bytes datagram)
{
	const struct dhcp_asking_state *state =
		ASK_STATE(ask, struct dhcp_asking_state);
	struct message message;
	bool is_sound;
	if (!message_read(datagram, &message, &is_sound) ||
	    message.operation != REPLY || message.id != state->id)
		return;
	if (message.type == state->wanted)
		ask_well(ask, ASK_CLOSE);
	else if (message.type == NAK)
		ask_unwell(ask, REASON_denied, ASK_CLOSE,
			   "the server refuses (DHCPNAK)");
}

static void dhcp_step(struct ask *ask, struct bytes *said)
{
	if (!ASK_STATE(ask, struct dhcp_asking_state)->is_asked)
		ask_server(ask);
	else
		hear_answer(ask, *said);
}

static const struct asking dhcp_asking = {
	.transport = IPPROTO_UDP,
	.port = PORT_SERVER,
	.local_port = PORT_CLIENT,
	.may_be_silent = true, /* not authoritative for our network */
	.step = dhcp_step,
};

const struct protocol protocol_dhcp = {
	.name = "dhcp",
	.doc = "Dynamic Host Configuration Protocol (RFC 2131)",
	.transports = { IPPROTO_UDP },
	.ports = { PORT_SERVER, PORT_CLIENT },
	.state_size = sizeof(struct dhcp_state),
	.times_answers = true,
	.recognise = dhcp_recognise,
	.read = dhcp_read,
	.asking = &dhcp_asking,
};
