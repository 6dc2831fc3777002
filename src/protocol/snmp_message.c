/*
 * snmp_message.c: reading SNMP; see snmp_message.h.
 *
 * RFC 1157 4 (v1), RFC 1901 3 (v2c), RFC 3412 6 and RFC 3414 2.4 (v3), RFC 3416 3 for
 * what all of them carry.
 */
#include "protocol/snmp_message.h"

#include <stdio.h>

#include "protocol/ber.h"

enum { INTEGER = 2, OCTETS = 4, OID = 6, SEQUENCE = 0x30, MESSAGE_LEAST = 20 };

const char *snmp_pdu_name(unsigned pdu)
{
	static const char *const names[] = { "get-request",    "get-next-request",
					     "response",       "set-request",
					     "trap",           "get-bulk-request",
					     "inform-request", "snmpV2-trap",
					     "report" };
	return pdu >= SNMP_GET && pdu <= SNMP_REPORT ? names[pdu - SNMP_GET] : NULL;
}

/* A value, or what there is of it. */
static struct bytes take_cut(struct bytes *data, uint8_t tag, bool is_cut)
{
	size_t need;
	uint8_t found;
	struct bytes before = *data, content = ber_take(data, &found, &need);
	if (!bytes_ok(&content) && is_cut && need > before.len) {
		/* Its header is there, so the content is what is behind. */
		size_t header = before.len > 1 && before.at[1] > 0x80
					? 2 + (size_t)(before.at[1] & 0x7f)
					: 2;
		*data = before;
		bytes_take(data, header);
		content = bytes_take(data, data->len);
	}
	if (found != tag)
		data->bad = content.bad = true;
	return content;
}

static void read_first_variable(struct bytes data, bool is_cut,
				struct snmp_message *message)
{
	size_t need;
	struct bytes list = take_cut(&data, SEQUENCE, is_cut);
	struct bytes variable = take_cut(&list, SEQUENCE, is_cut);
	struct bytes oid = ber_expect(&variable, OID);
	if (!bytes_ok(&oid))
		return;
	message->oid = oid;
	struct bytes value = ber_take(&variable, &message->value_tag, &need);
	if (bytes_ok(&value))
		message->value = value;
}

/* Version 1's trap has a head of its own (RFC 1157 4.1.6); nothing in it is of use. */
static bool read_trap(struct bytes data, struct snmp_message *message)
{
	struct bytes enterprise = ber_expect(&data, OID);
	message->oid = enterprise;
	return bytes_ok(&data);
}

static bool read_pdu(struct bytes data, bool is_cut, struct snmp_message *message)
{
	uint8_t tag;
	size_t need;
	struct bytes again = data;
	ber_take(&again, &tag, &need);
	if (tag < SNMP_GET || tag > SNMP_REPORT)
		return false;
	message->pdu = tag;
	struct bytes pdu = take_cut(&data, tag, is_cut);
	if (tag == SNMP_TRAP)
		return read_trap(pdu, message);
	message->request_id = ber_int(&pdu, INTEGER);
	int32_t error = ber_int(&pdu, INTEGER);
	ber_int(&pdu, INTEGER);
	if (!bytes_ok(&pdu))
		return false;
	if (tag == SNMP_RESPONSE)
		message->error = error > 0 ? (unsigned)error : 0;
	read_first_variable(pdu, is_cut, message);
	return true;
}

/* The user's name is in parameters of their own encoding (RFC 3414 2.4). */
static bool read_user(struct bytes parameters, struct snmp_message *message)
{
	struct bytes inside = ber_expect(&parameters, SEQUENCE);
	message->engine = ber_expect(&inside, OCTETS);
	ber_int(&inside, INTEGER); /* boots */
	ber_int(&inside, INTEGER); /* time */
	message->user = ber_expect(&inside, OCTETS);
	return bytes_ok(&inside);
}

static bool read_version_3(struct bytes data, bool is_cut, struct snmp_message *message)
{
	enum { USER_SECURITY_MODEL = 3 };
	struct bytes header = ber_expect(&data, SEQUENCE);
	message->message_id = ber_int(&header, INTEGER);
	ber_int(&header, INTEGER); /* longest message */
	struct bytes flags = ber_expect(&header, OCTETS);
	int32_t model = ber_int(&header, INTEGER);
	struct bytes parameters = ber_expect(&data, OCTETS);
	if (!bytes_ok(&header) || !bytes_ok(&data) || flags.len != 1)
		return false;
	message->flags = flags.at[0];
	if (model != USER_SECURITY_MODEL)
		return true;
	if (!read_user(parameters, message))
		return false;
	if (data.len > 0 && data.at[0] == OCTETS)
		return true; /* encrypted */
	struct bytes scoped = take_cut(&data, SEQUENCE, is_cut);
	ber_expect(&scoped, OCTETS); /* context's engine */
	ber_expect(&scoped, OCTETS); /* and name */
	return bytes_ok(&scoped) && read_pdu(scoped, is_cut, message);
}

bool snmp_message_read(struct bytes bytes, bool is_cut, struct snmp_message *message)
{
	*message = (struct snmp_message){ 0 };
	if (bytes.len < MESSAGE_LEAST || bytes.at[0] != SEQUENCE)
		return false;
	struct bytes inside = take_cut(&bytes, SEQUENCE, is_cut);
	int32_t version = ber_int(&inside, INTEGER);
	if (!bytes_ok(&inside) || (bytes.len > 0 && !is_cut))
		return false;
	message->version = (unsigned)version;
	if (version == SNMP_V3)
		return read_version_3(inside, is_cut, message);
	if (version != SNMP_V1 && version != SNMP_V2C)
		return false;
	message->community = ber_expect(&inside, OCTETS);
	return bytes_ok(&inside) && read_pdu(inside, is_cut, message);
}

void snmp_oid_text(struct bytes oid, char *out, size_t size)
{
	size_t len = 0;
	uint64_t number = 0;
	bool is_first = true;
	out[0] = '\0';
	while (oid.len > 0 && len < size) {
		uint8_t octet = bytes_u8(&oid);
		number = number << 7 | (octet & 0x7f);
		if (octet & 0x80)
			continue;
		int wrote;
		if (is_first) {
			/* X.690 8.19.4: the first two are one. */
			unsigned top = number < 80 ? (unsigned)number / 40 : 2;
			wrote = snprintf(out + len, size - len, "%u.%llu", top,
					 (unsigned long long)number - top * 40);
		} else {
			wrote = snprintf(out + len, size - len, ".%llu",
					 (unsigned long long)number);
		}
		is_first = false;
		len += (size_t)wrote;
		number = 0;
	}
}
