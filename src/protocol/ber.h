/*
 * ber.h: ASN.1 values as LDAP, SNMP and Kerberos send them (X.690 BER, definite
 * length).
 */
#pragma once

#include "base/bytes.h"

/*
 * Takes a value off the front: its tag (one octet) and its content.  Fails as bytes do:
 * also for a tag or a length that is longer than four octets, or an indefinite one.  A
 * content that goes on behind the end is bad, too; *need is then how long data must be.
 */
static inline struct bytes ber_take(struct bytes *data, uint8_t *tag, size_t *need)
{
	struct bytes before = *data;
	*need = before.len + 1;
	*tag = bytes_u8(data);
	size_t len = bytes_u8(data);
	if (len > 0x84 || len == 0x80 || (*tag & 0x1f) == 0x1f) {
		*need = 0; /* no length would do */
		data->bad = true;
	} else if (len > 0x80) {
		unsigned octets = (unsigned)len & 0x7f;
		len = 0;
		while (octets-- > 0)
			len = len << 8 | bytes_u8(data);
	}
	if (data->bad)
		return (struct bytes){ .bad = true };
	*need = before.len - data->len + len;
	return bytes_take(data, len);
}

/* The content of a value with that tag; bad if another or none comes. */
static inline struct bytes ber_expect(struct bytes *data, uint8_t tag)
{
	uint8_t found;
	size_t need;
	struct bytes content = ber_take(data, &found, &need);
	if (data->bad || found != tag) {
		data->bad = true;
		return (struct bytes){ .bad = true };
	}
	return content;
}

/* An INTEGER or ENUMERATED of at most four octets. */
static inline int32_t ber_int(struct bytes *data, uint8_t tag)
{
	struct bytes content = ber_expect(data, tag);
	if (content.bad || content.len == 0 || content.len > 4) {
		data->bad = true;
		return 0;
	}
	uint32_t value = content.at[0] & 0x80 ? UINT32_MAX : 0;
	for (size_t i = 0; i < content.len; i++)
		value = value << 8 | content.at[i];
	return (int32_t)value;
}
