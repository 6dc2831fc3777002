/*
 * type.c: what a value of each type is, as read, shown and described.
 *
 * Nothing here asks the locale: a decimal point is a point everywhere.
 */
#include "config/type.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_json_text(struct buf *out, const char *text)
{
	buf_char(out, '"');
	buf_json_text(out, text);
	buf_char(out, '"');
}

/* True for UTF-8 without control characters: nothing that JSON text must escape. */
static bool is_printable(const char *text)
{
	struct buf json = { 0 };
	buf_json_text(&json, text);
	size_t signs = 0; /* quotes and backslashes are escaped by one byte each */
	for (const char *c = text; *c != '\0'; c++)
		signs += *c == '"' || *c == '\\';
	bool same = buf_ok(&json) && json.len == strlen(text) + signs;
	buf_free(&json);
	return same;
}

/* text */

static bool text_take(const struct key *key, void *field, const char *text, bool quoted)
{
	(void)quoted;
	size_t len = strlen(text);
	if (len < key->min || len > key->max || len >= CONFIG_TEXT_MAX ||
	    !is_printable(text))
		return false;
	memcpy(field, text, len + 1);
	return true;
}

static void text_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	write_json_text(out, field);
}

static void text_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "text of %u to %u bytes without control characters", key->min,
		   key->max);
}

static void text_schema(struct buf *out, const struct key *key)
{
	buf_printf(out, "\"type\": \"string\", \"minLength\": %u, \"maxLength\": %u",
		   key->min, key->max);
}

const struct key_type key_type_text = {
	.size = sizeof(config_text),
	.take = text_take,
	.write = text_write,
	.expect = text_expect,
	.schema = text_schema,
};

/* endpoint */

/* "7070": 0 to 65535, no sign, no space. */
static bool is_port(const char *text)
{
	size_t len = strspn(text, "0123456789");
	return len > 0 && len <= 5 && text[len] == '\0' &&
	       strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* "address:port", an IPv6 address in brackets. */
static bool is_endpoint(const char *text)
{
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';
	if (colon == NULL || !is_port(colon + 1))
		return false;
	size_t len = (size_t)(colon - text);
	if (bracket && (len < 2 || text[len - 1] != ']'))
		return false;
	const char *start = bracket ? text + 1 : text;
	size_t host_len = bracket ? len - 2 : len;

	char host[ADDR_TEXT_MAX];
	if (host_len >= sizeof(host))
		return false;
	memcpy(host, start, host_len);
	host[host_len] = '\0';
	struct addr addr;
	if (!bracket && strcmp(host, "localhost") == 0)
		return true;
	bool is_v6_text = strchr(host, ':') != NULL;
	return is_v6_text == bracket && addr_parse(host, &addr);
}

static bool endpoint_take(const struct key *key, void *field, const char *text,
			  bool quoted)
{
	(void)key;
	(void)quoted;
	if (strcmp(text, "off") != 0 && !is_endpoint(text))
		return false;
	memcpy(field, text, strlen(text) + 1); /* shorter than an address and a port */
	return true;
}

static void endpoint_expect(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out,
		 "an address and port such as 127.0.0.1:7070 or [::1]:7070, or off");
}

static void endpoint_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": "
		      "\"^(off|localhost:[0-9]{1,5}|[0-9.]+:[0-9]{1,5}|\\\\[[0-9A-Fa-f:"
		      ".]+\\\\]:[0-9]{1,5})$\"");
}

const struct key_type key_type_endpoint = {
	.size = sizeof(config_endpoint),
	.take = endpoint_take,
	.write = text_write,
	.expect = endpoint_expect,
	.schema = endpoint_schema,
};

/* number */

static bool number_take(const struct key *key, void *field, const char *text,
			bool quoted)
{
	size_t len = strspn(text, "0123456789");
	if (quoted || len == 0 || len > 10 || text[len] != '\0')
		return false;
	unsigned long long value = strtoull(text, NULL, 10);
	if (value < key->min || value > key->max)
		return false;
	*(config_number *)field = (config_number)value;
	return true;
}

static void number_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	buf_u64(out, *(const config_number *)field);
}

static void number_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "an integer from %u to %u", key->min, key->max);
}

static void number_schema(struct buf *out, const struct key *key)
{
	buf_printf(out, "\"type\": \"integer\", \"minimum\": %u, \"maximum\": %u",
		   key->min, key->max);
}

const struct key_type key_type_number = {
	.size = sizeof(config_number),
	.take = number_take,
	.write = number_write,
	.expect = number_expect,
	.schema = number_schema,
};

/* ratio */

/* A mantissa of 15 digits and a power of ten are both exact in a double. */
enum { RATIO_DIGITS = 12, RATIO_DECIMALS = RATIO_DIGITS + 2 };

static double power_of_ten(int exponent)
{
	double power = 1;
	for (int i = 0; i < exponent; i++)
		power *= 10;
	return power;
}

/* "0.01", "1", ".5", "1 %", "1%". */
static bool read_ratio(const char *text, double *out)
{
	uint64_t mantissa = 0;
	int digits = 0, decimals = 0;
	bool point = false;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		mantissa = mantissa * 10 + (uint64_t)(*text - '0');
		decimals += point;
		if (++digits > RATIO_DIGITS)
			return false;
	}
	if (text[0] == ' ' && text[1] == '%')
		text++;
	if (text[0] == '%') {
		decimals += 2;
		text++;
	}
	*out = (double)mantissa / power_of_ten(decimals);
	return digits > 0 && *text == '\0';
}

static bool ratio_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	double value;
	bool percentage = strchr(text, '%') != NULL;
	if ((quoted && !percentage) || !read_ratio(text, &value))
		return false;
	if (value < key->min || value > key->max)
		return false;
	*(config_ratio *)field = value;
	return true;
}

/* Writes mantissa / 10^decimals with all its digits. */
static void write_decimal(struct buf *out, uint64_t mantissa, int decimals)
{
	uint64_t unit = 1;
	for (int i = 0; i < decimals; i++)
		unit *= 10;
	buf_u64(out, mantissa / unit);
	uint64_t rest = mantissa % unit;
	if (decimals > 0)
		buf_char(out, '.');
	for (int i = 0; i < decimals; i++) {
		rest *= 10;
		buf_char(out, (char)('0' + rest / unit));
		rest %= unit;
	}
}

/* The fewest decimals that name the value exactly: what read_ratio() read. */
static uint64_t ratio_mantissa(double value, int *decimals)
{
	for (*decimals = 0; *decimals < RATIO_DECIMALS; (*decimals)++) {
		double power = power_of_ten(*decimals);
		if (nearbyint(value * power) / power == value)
			break;
	}
	return (uint64_t)nearbyint(value * power_of_ten(*decimals));
}

static void ratio_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	int decimals;
	uint64_t mantissa = ratio_mantissa(*(const config_ratio *)field, &decimals);
	write_decimal(out, mantissa, decimals);
}

static void ratio_write_yaml(struct buf *out, const void *field)
{
	int decimals;
	uint64_t mantissa = ratio_mantissa(*(const config_ratio *)field, &decimals);
	for (; decimals < 2; decimals++)
		mantissa *= 10;
	write_decimal(out, mantissa, decimals - 2);
	buf_text(out, " %");
}

static void ratio_expect(struct buf *out, const struct key *key)
{
	buf_printf(
		out,
		"a number from %u to %u of at most %d digits, or a percentage such as "
		"1 %%",
		key->min, key->max, RATIO_DIGITS);
}

static void ratio_schema(struct buf *out, const struct key *key)
{
	buf_printf(
		out,
		"\"anyOf\": [{\"type\": \"number\", \"minimum\": %u, \"maximum\": %u}, "
		"{\"type\": \"string\", \"pattern\": "
		"\"^([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+) ?%%$\"}]",
		key->min, key->max);
}

const struct key_type key_type_ratio = {
	.size = sizeof(config_ratio),
	.take = ratio_take,
	.write = ratio_write,
	.write_yaml = ratio_write_yaml,
	.expect = ratio_expect,
	.schema = ratio_schema,
};

/* prefixes */

static bool prefixes_take(const struct key *key, void *field, const char *text,
			  bool quoted)
{
	(void)quoted;
	struct config_prefixes *list = field;
	if (list->count >= key->max || list->count >= CONFIG_LIST_MAX ||
	    !prefix_parse(text, &list->at[list->count]))
		return false;
	list->count++;
	return true;
}

static size_t prefixes_count(const void *field)
{
	return ((const struct config_prefixes *)field)->count;
}

static void prefixes_write(struct buf *out, const void *field, size_t index)
{
	const struct prefix *prefix =
		&((const struct config_prefixes *)field)->at[index];
	char text[ADDR_TEXT_MAX];
	addr_text(&prefix->addr, text);
	unsigned len = addr_is_v4(&prefix->addr) ? prefix->len - 96u : prefix->len;
	buf_printf(out, "\"%s/%u\"", text, len);
}

static void prefixes_expect(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "a list of at most %u networks such as [10.0.0.0/8, \"fd00::/8\"]",
		   key->max);
}

static void prefixes_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": "
		      "\"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$\"");
}

const struct key_type key_type_prefixes = {
	.size = sizeof(struct config_prefixes),
	.is_list = true,
	.take = prefixes_take,
	.count = prefixes_count,
	.write = prefixes_write,
	.expect = prefixes_expect,
	.schema = prefixes_schema,
};

/* names */

/* What the kernel allows (dev_valid_name): no slash, colon or space, not . or .. */
static bool is_interface_name(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len >= sizeof(((struct config_names *)NULL)->at[0]))
		return false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return is_printable(name) && strpbrk(name, "/: ") == NULL;
}

static bool names_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	(void)quoted;
	struct config_names *list = field;
	if (list->count >= key->max || list->count >= CONFIG_LIST_MAX ||
	    !is_interface_name(text))
		return false;
	memcpy(list->at[list->count++], text, strlen(text) + 1);
	return true;
}

static size_t names_count(const void *field)
{
	return ((const struct config_names *)field)->count;
}

static void names_write(struct buf *out, const void *field, size_t index)
{
	write_json_text(out, ((const struct config_names *)field)->at[index]);
}

static void names_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "a list of at most %u interface names such as [eth0, wlan0]",
		   key->max);
}

static void names_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": \"^[^/: ]{1,15}$\"");
}

const struct key_type key_type_names = {
	.size = sizeof(struct config_names),
	.is_list = true,
	.take = names_take,
	.count = names_count,
	.write = names_write,
	.expect = names_expect,
	.schema = names_schema,
};
