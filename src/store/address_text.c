/*
 * address_text.c: see address_text.h.
 */
#include "store/address_text.h"

#include <ctype.h>
#include <string.h>

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Digits, dots and colons in a row; with a port behind it that is one of IPv4. */
static size_t run_at(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF.:");
}

static bool parse(const char *text, size_t len, struct addr *addr)
{
	char word[ADDR_TEXT_MAX];
	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	return addr_parse(word, addr);
}

/* How much of the run is an address; 0: none.  A sentence may end behind it. */
static size_t address_at(const char *text, size_t run, struct addr *addr)
{
	if (parse(text, run, addr))
		return run;
	if (run > 1 && (text[run - 1] == '.' || text[run - 1] == ':') &&
	    parse(text, run - 1, addr))
		return run - 1;
	const char *colon = memchr(text, ':', run);
	size_t before = colon != NULL ? (size_t)(colon - text) : 0;
	return parse(text, before, addr) ? before : 0;
}

bool address_text(const char *text, address_swap swap, void *self, struct buf *out)
{
	bool has_swapped = false;
	char before = ' ', name[ADDR_TEXT_MAX];
	while (*text != '\0') {
		struct addr addr, to;
		size_t run = is_word(before) ? 0 : run_at(text);
		bool is_whole = run > 0 && !is_word(text[run]);
		size_t len = is_whole ? address_at(text, run, &addr) : 0;
		if (len > 0 && swap(self, &addr, &to)) {
			buf_add(out, name, addr_text(&to, name));
			has_swapped = true;
		} else {
			len = len > 0 ? len : run > 0 ? run : 1;
			buf_add(out, text, len);
		}
		before = text[len - 1];
		text += len;
	}
	return has_swapped;
}

struct looking {
	const struct addr *addr;
	bool is_there;
};

static bool look(void *self, const struct addr *addr, struct addr *to)
{
	struct looking *looking = self;
	(void)to;
	looking->is_there = looking->is_there || addr_equal(addr, looking->addr);
	return false;
}

bool address_text_has(const char *text, const struct addr *addr)
{
	struct looking looking = { .addr = addr };
	struct buf unused = { 0 };
	address_text(text, look, &looking, &unused);
	buf_free(&unused);
	return looking.is_there;
}
