/*
 * difference.c: what is not as it was when the target was last up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/failure.h"

/* In the order of remembered.texts. */
static const struct {
	const char *name;
	size_t offset, size;
} texts[] = {
#define TEXT(name, field)                                                              \
	{                                                                              \
		name, offsetof(struct probe_record, field),                            \
			sizeof(((struct probe_record *)0)->field)                      \
	}
	TEXT("software", software),        TEXT("version", version),
	TEXT("TLS version", tls_version),  TEXT("cipher", cipher),
	TEXT("certificate", cert_subject), TEXT("certificate's issuer", cert_issuer),
#undef TEXT
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static const char *text_of(const struct probe_record *record, size_t i)
{
	return (const char *)record + texts[i].offset;
}

void remembered_free(struct remembered *last)
{
	free(last->texts);
	*last = (struct remembered){ 0 };
}

/* All texts, one behind the other, each with its NUL. */
static size_t pack(const struct probe_record *record, char *out)
{
	size_t len = 0;
	for (size_t i = 0; i < TEXTS; i++) {
		size_t size = strlen(text_of(record, i)) + 1;
		memcpy(out + len, text_of(record, i), size);
		len += size;
	}
	return len;
}

/* Without memory for what has changed, nothing is remembered of the texts. */
static void remember_texts(struct remembered *last, const struct probe_record *record)
{
	char packed[sizeof(struct probe_record)];
	size_t len = pack(record, packed);
	if (last->texts != NULL && len == last->texts_len &&
	    memcmp(last->texts, packed, len) == 0)
		return;
	free(last->texts);
	last->texts = malloc(len);
	last->texts_len = (uint32_t)len;
	if (last->texts != NULL)
		memcpy(last->texts, packed, len);
}

void remember(struct remembered *last, const struct probe_record *record)
{
	remember_texts(last, record);
	last->at_us = record->at;
	last->ip = record->ip;
	last->cert_not_after = record->cert_not_after;
	last->connect_us = record->connect_us;
	last->tls_us = record->tls_us;
	last->first_byte_us = record->first_byte_us;
}

/* ---- comparing ---- */

struct comparing {
	struct failure *failure;
	const struct remembered *last;
	const struct probe_record *now;
};

static void say(const struct comparing *c, const char *text)
{
	failure_line(c->failure, c->now->at, "difference", text);
}

static void compare_text(const struct comparing *c, const char *name, const char *was,
			 const char *is)
{
	char line[256];
	/* What was not reached says nothing. */
	if (is[0] == '\0' || was[0] == '\0' || strcmp(was, is) == 0)
		return;
	snprintf(line, sizeof(line), "%s was %.100s, is %.100s", name, was, is);
	say(c, line);
}

/* Twice as long, and by more than chance. */
static void compare_time(const struct comparing *c, const char *name, uint64_t was_us,
			 uint64_t is_us)
{
	enum { CHANCE_US = 2000 };
	char was[DURATION_TEXT_MAX], is[DURATION_TEXT_MAX], line[96];
	if (was_us == UNKNOWN_U64 ||
	    (is_us != UNKNOWN_U64 && is_us < 2 * was_us + CHANCE_US))
		return;
	failure_duration(was, (int64_t)was_us);
	if (is_us == UNKNOWN_U64) {
		snprintf(line, sizeof(line), "%s took %s, is not reached now", name,
			 was);
	} else {
		failure_duration(is, (int64_t)is_us);
		snprintf(line, sizeof(line), "%s took %s, takes %s", name, was, is);
	}
	say(c, line);
}

static void compare_addr(const struct comparing *c)
{
	char was[ADDR_TEXT_MAX] = "", is[ADDR_TEXT_MAX] = "";
	if (!addr_is_unset(&c->last->ip))
		addr_text(&c->last->ip, was);
	if (!addr_is_unset(&c->now->ip))
		addr_text(&c->now->ip, is);
	compare_text(c, "address", was, is);
}

static void compare_end(const struct comparing *c)
{
	char was[MOMENT_TEXT_MAX], is[MOMENT_TEXT_MAX];
	if (c->last->cert_not_after == UNKNOWN_TIME ||
	    c->now->cert_not_after == UNKNOWN_TIME)
		return;
	failure_moment(was, c->last->cert_not_after, 0, false);
	failure_moment(is, c->now->cert_not_after, 0, false);
	compare_text(c, "certificate's end", was, is);
}

static void say_last_up(const struct comparing *c)
{
	char when[MOMENT_TEXT_MAX], before[DURATION_TEXT_MAX], line[96];
	failure_moment(when, c->last->at_us, c->now->at, true);
	failure_duration(before, c->now->at - c->last->at_us);
	snprintf(line, sizeof(line), "last up %s, %s before", when, before);
	say(c, line);
}

void failure_compare(struct failure *failure, const struct remembered *last,
		     const struct probe_record *now)
{
	const struct comparing c = { failure, last, now };
	const char *was = last->texts;
	if (last->at_us == 0) {
		say(&c, "it was not up since it is asked");
		return;
	}
	failure->record.last_up = last->at_us;
	say_last_up(&c);
	compare_addr(&c);
	compare_time(&c, "connect", last->connect_us, now->connect_us);
	compare_time(&c, "TLS", last->tls_us, now->tls_us);
	compare_time(&c, "first byte", last->first_byte_us, now->first_byte_us);
	for (size_t i = 0; i < TEXTS && was != NULL; i++, was += strlen(was) + 1)
		compare_text(&c, texts[i].name, was, text_of(now, i));
	compare_end(&c);
}
