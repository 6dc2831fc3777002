/*
 * blackbox_name.c: see blackbox_name.h.
 */
#include "probe/blackbox_name.h"

#include <stdbool.h>
#include <string.h>

enum { OID_MAX = 128 };

/* In the order in which they are written. */
static const struct part {
	int nid;
	const char *name;
	bool is_single; /* the last one counts */
} parts[] = {
	{ NID_serialNumber, "SERIALNUMBER", true },
	{ NID_commonName, "CN", true },
	{ NID_postalCode, "POSTALCODE", false },
	{ NID_streetAddress, "STREET", false },
	{ NID_stateOrProvinceName, "ST", false },
	{ NID_localityName, "L", false },
	{ NID_organizationalUnitName, "OU", false },
	{ NID_organizationName, "O", false },
	{ NID_countryName, "C", false },
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static bool is_part(int nid)
{
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].nid == nid)
			return true;
	return false;
}

static int nid_of(const X509_NAME_ENTRY *entry)
{
	return OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
}

/* RFC 2253 2.4. */
static void put_escaped(struct buf *out, const unsigned char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool at_edge = i == 0 || i + 1 == len;
		if (memchr(",+\"\\<>;", text[i], 7) != NULL ||
		    (text[i] == ' ' && at_edge) || (text[i] == '#' && i == 0))
			buf_char(out, '\\');
		buf_char(out, (char)text[i]);
	}
}

static bool is_printable(const unsigned char *text, size_t len)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
				    "XYZ0123456789'()+,-./ :=?";
	for (size_t i = 0; i < len; i++)
		if (memchr(signs, text[i], sizeof(signs) - 1) == NULL)
			return false;
	return true;
}

/* "#" and DER: PrintableString (19) or UTF8String (12), X.690 8.1.3. */
static void put_der(struct buf *out, const unsigned char *text, size_t len)
{
	buf_printf(out, "#%02x", is_printable(text, len) ? 19 : 12);
	if (len < 0x80)
		buf_printf(out, "%02zx", len);
	else if (len < 0x100)
		buf_printf(out, "81%02zx", len);
	else
		buf_printf(out, "82%04zx", len & 0xffff);
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%02x", text[i]);
}

static void put_value(struct buf *out, const X509_NAME_ENTRY *entry,
		      void (*put)(struct buf *out, const unsigned char *text,
				  size_t len))
{
	unsigned char *text = NULL;
	int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	if (len >= 0)
		put(out, text, (size_t)len);
	OPENSSL_free(text);
}

static void begin(struct buf *out, size_t begun_at)
{
	if (out->len > begun_at)
		buf_char(out, ',');
}

static void put_part(const X509_NAME *name, const struct part *part, size_t begun_at,
		     struct buf *out)
{
	bool is_first = true;
	int at = -1;
	while ((at = X509_NAME_get_index_by_NID(name, part->nid, at)) >= 0) {
		if (part->is_single &&
		    X509_NAME_get_index_by_NID(name, part->nid, at) >= 0)
			continue;
		if (is_first)
			begin(out, begun_at);
		buf_printf(out, "%s%s=", is_first ? "" : "+", part->name);
		put_value(out, X509_NAME_get_entry(name, at), put_escaped);
		is_first = false;
	}
}

static void put_other(const X509_NAME_ENTRY *entry, size_t begun_at, struct buf *out)
{
	char oid[OID_MAX];
	if (OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(entry), 1) <= 0)
		return;
	begin(out, begun_at);
	buf_printf(out, "%s=", oid);
	put_value(out, entry, put_der);
}

void blackbox_name(const X509_NAME *name, struct buf *out)
{
	size_t begun_at = out->len;
	for (size_t i = 0; i < PARTS; i++)
		put_part(name, &parts[i], begun_at, out);
	for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		if (!is_part(nid_of(entry)))
			put_other(entry, begun_at, out);
	}
}
