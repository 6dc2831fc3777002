/*
 * rdp_pdu.c: see rdp_pdu.h.
 *
 * Numbers of RDP are little endian; TPKT, X.224 and MCS around it are not.
 */
#include <string.h>

#include "protocol/ber.h"
#include "protocol/line.h"
#include "protocol/rdp_pdu.h"

enum { TPKT_HEADER_LEN = 4, REQUEST = 0xe0, CONFIRM = 0xd0, DATA = 0xf0 };

const char *rdp_security_name(uint32_t security)
{
	switch (security) {
	case RDP_CLASSIC:
		return "rdp";
	case RDP_TLS:
		return "tls";
	case RDP_CREDSSP:
		return "credssp";
	case RDP_RDSTLS:
		return "rdstls";
	case RDP_CREDSSP_EX:
		return "credssp-ex";
	case RDP_AAD:
		return "aad";
	default:
		return NULL;
	}
}

bool tpkt_take(struct bytes *data, struct bytes *content)
{
	struct bytes header = *data;
	uint16_t version = bytes_be16(&header);
	size_t len = bytes_be16(&header);
	bool is_tpkt = data->len < 2 || version == 0x0300;
	*content = (struct bytes){ .bad = true };
	if (!is_tpkt || (bytes_ok(&header) && len <= TPKT_HEADER_LEN)) {
		data->bad = true;
		return false;
	}
	if (header.bad || len > data->len)
		return false;
	*content = bytes_take(data, len);
	bytes_take(content, TPKT_HEADER_LEN);
	return true;
}

/* The variable part of an X.224 connection TPDU of that code (13.3, 13.4). */
static struct bytes x224_variable(struct bytes content, uint8_t code)
{
	enum { FIXED_LEN = 6 };
	const struct bytes bad = { .bad = true };
	size_t len = bytes_u8(&content);
	struct bytes tpdu = bytes_take(&content, len);
	if (tpdu.bad || content.len > 0 || len < FIXED_LEN || tpdu.at[0] != code)
		return bad;
	bytes_take(&tpdu, FIXED_LEN); /* code, two references, class */
	return tpdu;
}

static void read_cookie(struct bytes line, struct rdp_request *request)
{
	static const char user[] = "Cookie: mstshash=", token[] = "Cookie: msts=";
	if (line_starts(line, user)) {
		bytes_take(&line, strlen(user));
		request->user = line;
	} else if (line_starts(line, token)) {
		bytes_take(&line, strlen(token));
		request->token = line;
	}
}

/* rdpNegReq, rdpNegRsp and rdpNegFailure: type, flags, length (8), value. */
static bool take_negotiation(struct bytes *data, uint8_t *type, uint32_t *value)
{
	*type = bytes_u8(data);
	bytes_u8(data);
	uint16_t len = bytes_le16(data);
	*value = bytes_le32(data);
	return bytes_ok(data) && len == 8;
}

bool rdp_request_parse(struct bytes content, struct rdp_request *request)
{
	struct bytes variable = x224_variable(content, REQUEST), line;
	uint8_t type;
	uint32_t protocols;
	*request = (struct rdp_request){ 0 };
	if (variable.bad)
		return false;
	while (line_starts(variable, "Cookie:") && line_take(&variable, &line))
		read_cookie(line, request);
	if (variable.len == 0)
		return true;
	request->asks = take_negotiation(&variable, &type, &protocols) && type == 1;
	return request->asks;
}

bool rdp_confirm_parse(struct bytes content, struct rdp_confirm *confirm)
{
	enum { RESPONSE = 2, FAILURE = 3 };
	struct bytes variable = x224_variable(content, CONFIRM);
	uint8_t type;
	uint32_t value;
	*confirm = (struct rdp_confirm){ 0 };
	if (variable.bad)
		return false;
	if (variable.len == 0)
		return true;
	if (!take_negotiation(&variable, &type, &value) || variable.len > 0)
		return false;
	confirm->answers = true;
	if (type == FAILURE)
		confirm->failure = value;
	else
		confirm->security = value;
	return type == RESPONSE || type == FAILURE;
}

/* ---- MCS and GCC (T.125, T.124), as far as RDP uses them ---- */

/* The userData of Connect-Initial (tag 101) or Connect-Response (tag 102). */
static struct bytes mcs_user_data(struct bytes content, uint8_t tag)
{
	enum { OCTET_STRING = 0x04, APPLICATION = 0x7f };
	const struct bytes bad = { .bad = true };
	uint8_t found;
	size_t need;
	struct bytes header = bytes_take(&content, 3); /* X.224 Data: 2, code, last */
	if (header.bad || header.at[1] != DATA || bytes_u8(&content) != APPLICATION)
		return bad;
	struct bytes connect = ber_take(&content, &found, &need);
	if (connect.bad || found != tag)
		return bad;
	struct bytes last = bad;
	while (connect.len > 0 && bytes_ok(&connect))
		last = ber_take(&connect, &found, &need);
	return bytes_ok(&connect) && found == OCTET_STRING ? last : bad;
}

/* A length in packed encoding, X.691 10.9: one octet, or two with the first bit set. */
static size_t per_length(struct bytes *data)
{
	size_t len = bytes_u8(data);
	if ((len & 0x80) != 0)
		len = (len & 0x7f) << 8 | bytes_u8(data);
	return len;
}

/* The data blocks behind the key of who wrote them, in a conference's userData. */
static struct bytes gcc_blocks(struct bytes user_data, const char key[4])
{
	enum { BEFORE_KEY_MAX = 32, KEY_LEN = 4 };
	for (size_t i = 0; i < BEFORE_KEY_MAX && user_data.len >= KEY_LEN; i++) {
		if (memcmp(user_data.at, key, KEY_LEN) == 0) {
			bytes_take(&user_data, KEY_LEN);
			return bytes_take(&user_data, per_length(&user_data));
		}
		bytes_u8(&user_data);
	}
	return (struct bytes){ .bad = true };
}

/* The content of the block of that type: type, length of the whole, content. */
static struct bytes block(struct bytes blocks, uint16_t type)
{
	enum { HEADER_LEN = 4 };
	while (bytes_ok(&blocks) && blocks.len > 0) {
		uint16_t found = bytes_le16(&blocks);
		size_t len = bytes_le16(&blocks);
		if (len < HEADER_LEN)
			break;
		struct bytes content = bytes_take(&blocks, len - HEADER_LEN);
		if (found == type)
			return content;
	}
	return (struct bytes){ .bad = true };
}

bool rdp_client_parse(struct bytes content, struct rdp_client *client)
{
	enum {
		CONNECT_INITIAL = 101,
		CS_CORE = 0xc001,
		BEFORE_BUILD = 16,
		NAME_LEN = 32
	};
	struct bytes data = mcs_user_data(content, CONNECT_INITIAL);
	struct bytes core = block(gcc_blocks(data, "Duca"), CS_CORE);
	bytes_take(&core, BEFORE_BUILD);
	client->build = bytes_le32(&core);
	client->name = bytes_take(&core, NAME_LEN);
	return bytes_ok(&core);
}

bool rdp_server_parse(struct bytes content, uint32_t *method)
{
	enum { CONNECT_RESPONSE = 102, SC_SECURITY = 0x0c02 };
	struct bytes data = mcs_user_data(content, CONNECT_RESPONSE);
	struct bytes security = block(gcc_blocks(data, "McDn"), SC_SECURITY);
	*method = bytes_le32(&security);
	return bytes_ok(&security);
}
