/*
 * blackbox_rr.c: see blackbox_rr.h.
 */
#include "probe/blackbox_rr.h"

#include <string.h>

enum { DNS_CAA_TYPE = 257 };

/* The data of a record while they are written. */
struct data {
	const struct dns_message *message;
	struct bytes left;
	struct buf *out;
};

static void put_blank(struct data *d)
{
	buf_char(d->out, ' ');
}

static void put_16(struct data *d)
{
	buf_u64(d->out, bytes_be16(&d->left));
}

static void put_32(struct data *d)
{
	buf_u64(d->out, bytes_be32(&d->left));
}

static void put_address(struct data *d, size_t len)
{
	char text[ADDR_TEXT_MAX];
	struct bytes octets = bytes_take(&d->left, len);
	if (!bytes_ok(&octets))
		return;
	struct addr addr = len == 4 ? addr_v4(octets.at) : addr_v6(octets.at);
	addr_text(&addr, text);
	buf_text(d->out, text);
}

static void put_dotted(struct buf *out, const struct dns_name *name)
{
	char text[4 * DNS_NAME_MAX + 1];
	dns_name_text(name, text, sizeof(text));
	buf_printf(out, "%s%s", text, strcmp(text, ".") == 0 ? "" : ".");
}

/* Names may point back into the message, so they are read there. */
static void put_name(struct data *d)
{
	struct dns_name name;
	size_t begin = (size_t)(d->left.at - d->message->bytes.at), at = begin;
	if (!bytes_ok(&d->left) ||
	    dns_name_read(d->message->bytes, &at, &name) != DNS_SOUND)
		return;
	bytes_take(&d->left, at - begin);
	put_dotted(d->out, &name);
}

static void put_quoted(struct data *d, struct bytes text)
{
	buf_char(d->out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.at[i];
		if (c == '"' || c == '\\')
			buf_printf(d->out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			buf_printf(d->out, "\\%03u", c);
		else
			buf_char(d->out, (char)c);
	}
	buf_char(d->out, '"');
}

static void put_strings(struct data *d)
{
	for (bool is_first = true; d->left.len > 0; is_first = false) {
		size_t len = bytes_u8(&d->left);
		struct bytes text = bytes_take(&d->left, len);
		if (!bytes_ok(&text))
			return;
		if (!is_first)
			put_blank(d);
		put_quoted(d, text);
	}
}

static void put_soa(struct data *d)
{
	put_name(d);
	put_blank(d);
	put_name(d);
	for (unsigned i = 0; i < 5; i++) {
		put_blank(d);
		put_32(d);
	}
}

static void put_srv(struct data *d)
{
	for (unsigned i = 0; i < 3; i++) {
		put_16(d);
		put_blank(d);
	}
	put_name(d);
}

/* RFC 8659 4.1: flags, tag, value. */
static void put_caa(struct data *d)
{
	buf_u64(d->out, bytes_u8(&d->left));
	put_blank(d);
	size_t len = bytes_u8(&d->left);
	struct bytes tag = bytes_take(&d->left, len);
	buf_add(d->out, tag.at, tag.len);
	put_blank(d);
	put_quoted(d, d->left);
}

/* RFC 3597 5. */
static void put_unknown(struct data *d)
{
	buf_printf(d->out, "\\# %zu ", d->left.len);
	for (size_t i = 0; i < d->left.len; i++)
		buf_printf(d->out, "%02x", d->left.at[i]);
}

static void put_data(struct data *d, uint16_t type)
{
	switch (type) {
	case DNS_A:
		put_address(d, 4);
		break;
	case DNS_AAAA:
		put_address(d, 16);
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_DNAME:
		put_name(d);
		break;
	case DNS_MX:
		put_16(d);
		put_blank(d);
		put_name(d);
		break;
	case DNS_SOA:
		put_soa(d);
		break;
	case DNS_SRV:
		put_srv(d);
		break;
	case DNS_TXT:
		put_strings(d);
		break;
	case DNS_CAA_TYPE:
		put_caa(d);
		break;
	default:
		put_unknown(d);
		break;
	}
}

static const char *class_name(uint16_t class)
{
	return class == DNS_CLASS_IN   ? "IN"
	       : class == DNS_CLASS_CH ? "CH"
	       : class == 4            ? "HS"
				       : "ANY";
}

void blackbox_rr(const struct dns_message *message, const struct dns_rr *rr,
		 struct buf *out)
{
	struct dns_name name;
	size_t at = rr->name_at;
	struct data data = {
		.message = message,
		.left = bytes_of(message->bytes.at + rr->data_at, rr->data_len),
		.out = out,
	};
	if (dns_name_read(message->bytes, &at, &name) == DNS_SOUND)
		put_dotted(out, &name);
	buf_printf(out, "\t%u\t%s\t%s\t", rr->ttl, class_name(rr->class),
		   dns_type_name(rr->type));
	put_data(&data, rr->type);
}
