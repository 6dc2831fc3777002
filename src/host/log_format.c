/*
 * log_format.c: from a message to a login; see log_format.h.
 */
#include "host/log_format.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/protocol.h"

enum {
	COUNT_MAX = 1000, /* attempts that one line may speak of */
	SPAN_MAX_S = 300,
	PORT_DIGITS = 5,
};

/* ---- words ---- */

bool log_words_add(struct log_words *words, const char *word)
{
	size_t len = strlen(word);
	if (words->count == LOG_WORDS_MAX || len >= LOG_WORD_MAX)
		return false;
	char(*grown)[LOG_WORD_MAX] =
		reallocarray(words->at, words->count + 1, LOG_WORD_MAX);
	if (grown == NULL)
		return false;
	words->at = grown;
	memcpy(words->at[words->count++], word, len + 1);
	return true;
}

bool log_words_hold(const struct log_words *words, struct bytes word)
{
	for (size_t i = 0; i < words->count; i++)
		if (strlen(words->at[i]) == word.len &&
		    memcmp(words->at[i], word.at, word.len) == 0)
			return true;
	return false;
}

/* ---- formats ---- */

void log_format_free(struct log_format *format)
{
	if (format == NULL)
		return;
	free(format->identifiers.at);
	free(format->files.at);
	for (size_t i = 0; i < format->condition_count; i++)
		free(format->conditions[i].values.at);
	for (size_t i = 0; i < format->rule_count; i++)
		log_pattern_free(format->rules[i].pattern);
	free(format);
}

bool log_formats_add(struct log_formats *formats, struct log_format *format)
{
	size_t at = 0;
	while (at < formats->count && strcmp(formats->at[at]->name, format->name) != 0)
		at++;
	if (at == LOG_FORMATS_MAX)
		return false;
	if (at == formats->count)
		formats->count++;
	else
		log_format_free(formats->at[at]);
	formats->at[at] = format;
	return true;
}

void log_formats_free(struct log_formats *formats)
{
	if (formats == NULL)
		return;
	for (size_t i = 0; i < formats->count; i++)
		log_format_free(formats->at[i]);
	free(formats);
}

bool log_formats_know(const struct log_formats *formats, struct bytes identifier)
{
	for (size_t i = 0; i < formats->count; i++)
		if (log_words_hold(&formats->at[i]->identifiers, identifier))
			return true;
	return false;
}

/* ---- what stands in a line ---- */

/* A number of at most so many digits, from 0 to most; otherwise `otherwise`. */
static uint32_t number_of(struct bytes text, size_t digits, uint32_t most,
			  uint32_t otherwise)
{
	uint32_t value = 0;
	if (text.len == 0 || text.len > digits)
		return otherwise;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return otherwise;
		value = value * 10 + (uint32_t)(text.at[i] - '0');
	}
	return value <= most ? value : otherwise;
}

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; a name stays unknown. */
static void take_addr(struct bytes text, struct addr *out)
{
	char copy[ADDR_TEXT_MAX];
	const uint8_t *zone = text.len > 0 ? memchr(text.at, '%', text.len) : NULL;
	size_t len = zone != NULL ? (size_t)(zone - text.at) : text.len;
	if (len == 0 || len >= sizeof(copy))
		return;
	memcpy(copy, text.at, len);
	copy[len] = '\0';
	addr_parse(copy, out);
}

/* Letters, digits and a few signs, as protocols name methods. */
static const char *method_of(struct log_formats *formats, struct bytes text)
{
	char copy[32];
	if (text.len == 0 || text.len >= sizeof(copy))
		return NULL;
	for (size_t i = 0; i < text.len; i++) {
		copy[i] = (char)text.at[i];
		if (!isalnum(text.at[i]) && strchr("-_./+", text.at[i]) == NULL)
			return NULL;
	}
	copy[text.len] = '\0';
	for (size_t i = 0; i < formats->method_count; i++)
		if (strcmp(formats->methods[i], copy) == 0)
			return formats->methods[i];
	if (formats->method_count == LOG_METHODS_MAX)
		return NULL;
	const char *word = record_word(copy);
	if (word != NULL)
		formats->methods[formats->method_count++] = word;
	return word;
}

/* Names are in small letters everywhere. */
static void take_protocol(field_text32 out, struct bytes text)
{
	facts_text(out, sizeof(field_text32), text);
	for (char *c = out; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void take_fields(struct log_formats *formats, const struct log_rule *rule,
			const struct bytes fields[static LOG_FIELDS],
			struct log_login *out)
{
	struct login_record *login = &out->login;
	login->outcome = rule->outcome;
	facts_text(login->user, sizeof(login->user), fields[LOG_USER]);
	take_addr(fields[LOG_CLIENT_IP], &login->client_ip);
	take_addr(fields[LOG_SERVER_IP], &login->server_ip);
	login->client_port = number_of(fields[LOG_CLIENT_PORT], PORT_DIGITS, UINT16_MAX,
				       UNKNOWN_U32);
	login->server_port = number_of(fields[LOG_SERVER_PORT], PORT_DIGITS, UINT16_MAX,
				       rule->server_port);
	login->method = rule->method != NULL ? rule->method
					     : method_of(formats, fields[LOG_METHOD]);
	if (fields[LOG_PROTOCOL].len > 0)
		take_protocol(login->protocol, fields[LOG_PROTOCOL]);
	else
		memcpy(login->protocol, rule->protocol, sizeof(login->protocol));
	out->count = number_of(fields[LOG_COUNT], 9, COUNT_MAX, COUNT_MAX);
	if (fields[LOG_COUNT].len == 0)
		out->count = 1;
	out->span_s = number_of(fields[LOG_SECONDS], 9, SPAN_MAX_S, SPAN_MAX_S);
	if (fields[LOG_SECONDS].len == 0)
		out->span_s = 0;
	out->is_hint = rule->is_hint;
	/* All that is read here and has a client comes over TCP. */
	if (!addr_is_unset(&login->client_ip))
		login->transport = "tcp";
}

/* ---- whose word it is ---- */

/* FNV-1a: of texts that are ours, so no stranger can aim at it. */
static uint64_t mix(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
	while (*text++ != '\0');
	return hash;
}

/*
 * A program's own files share its attempts among them (a file for each site); files of
 * syslog may each have all.
 */
static uint64_t teller_of(const struct log_message *message,
			  const struct log_format *format, const struct log_rule *rule)
{
	uint64_t hash = mix(0xcbf29ce484222325, format->name);
	hash = mix(hash, message->format != NULL ? "" : message->medium);
	return mix(hash, rule->teller);
}

static void sign(const struct log_message *message, const struct log_format *format,
		 const struct log_rule *rule, struct log_login *out)
{
	out->login.at = message->at_us;
	out->login.seen_by = "log";
	out->teller = teller_of(message, format, rule);
	snprintf(out->login.source, sizeof(out->login.source), "%s, %s", format->name,
		 message->medium);
}

static bool holds(const struct log_condition *condition,
		  const struct log_message *message)
{
	char text[LOG_WORD_MAX];
	struct bytes value;
	if (!message->field(message->self, condition->field, &value) ||
	    value.len >= sizeof(text) || memchr(value.at, '\0', value.len) != NULL)
		return false;
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	for (size_t i = 0; i < condition->values.count; i++)
		if (fnmatch(condition->values.at[i], text, 0) == 0)
			return true;
	return false;
}

static bool is_meant(const struct log_format *format, const struct log_message *message)
{
	if (message->format != NULL)
		return message->format == format;
	if (!log_words_hold(&format->identifiers, message->identifier))
		return false;
	for (size_t i = 0; i < format->condition_count && message->field != NULL; i++)
		if (!holds(&format->conditions[i], message))
			return false;
	return true;
}

/* ---- a message ---- */

/* "message repeated 3 times: [ Failed ...]", as rsyslogd writes it. */
static uint32_t take_repetition(struct bytes *text)
{
	static const char before[] = "message repeated ", after[] = " times: [ ";
	const size_t begin = sizeof(before) - 1, middle = sizeof(after) - 1;
	size_t digits = 0;
	if (text->len < begin || memcmp(text->at, before, begin) != 0)
		return 1;
	const uint8_t *count = text->at + begin;
	size_t rest = text->len - begin;
	while (digits < rest && digits < 9 && isdigit(count[digits]))
		digits++;
	if (digits == 0 || rest < digits + middle + 1 ||
	    memcmp(count + digits, after, middle) != 0 || count[rest - 1] != ']')
		return 1;
	uint32_t times = number_of(bytes_of(count, digits), 9, COUNT_MAX, COUNT_MAX);
	*text = bytes_of(count + digits + middle, rest - digits - middle - 1);
	return times;
}

static const struct log_rule *rule_of(struct log_formats *formats,
				      const struct log_format *format,
				      struct bytes text,
				      struct bytes fields[static LOG_FIELDS])
{
	for (size_t i = 0; i < format->rule_count; i++) {
		const struct log_rule *rule = &format->rules[i];
		enum log_fit fit = log_pattern_fit(rule->pattern, text, fields);
		if (fit == LOG_FITS)
			return rule;
		formats->gave_up += fit == LOG_GAVE_UP;
	}
	return NULL;
}

bool log_formats_read(struct log_formats *formats, const struct log_message *message,
		      struct log_login *out)
{
	struct bytes text = message->text, fields[LOG_FIELDS];
	uint32_t times = take_repetition(&text);
	for (size_t i = 0; i < formats->count; i++) {
		const struct log_format *format = formats->at[i];
		if (!is_meant(format, message))
			continue;
		const struct log_rule *rule = rule_of(formats, format, text, fields);
		if (rule == NULL)
			continue;
		memset(out, 0, sizeof(*out));
		record_init(RECORD_login, &out->login);
		take_fields(formats, rule, fields, out);
		sign(message, format, rule, out);
		if (times > 1) {
			out->count = times;
			out->span_s = SPAN_MAX_S;
		}
		return out->count > 0;
	}
	return false;
}
