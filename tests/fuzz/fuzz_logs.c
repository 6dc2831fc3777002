/*
 * fuzz_logs.c: any bytes as a format, as lines of every program, and as reports of
 * logins: no crash, no leak, a message for every refusal, and no text that a terminal
 * would obey.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "detect/logins.h"
#include "host/log_format.h"
#include "host/log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t room)
{
	if (strnlen(text, room) == room)
		abort();
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			abort();
}

static void check(const struct log_login *told)
{
	const struct login_record *login = &told->login;
	check_text(login->user, sizeof(login->user));
	check_text(login->protocol, sizeof(login->protocol));
	check_text(login->source, sizeof(login->source));
	if (login->outcome == NULL || told->count < 1 || told->count > 1000 ||
	    told->span_s > 300)
		abort();
	if (login->client_port != UNKNOWN_U32 && login->client_port > UINT16_MAX)
		abort();
}

static struct log_formats *built_in(void)
{
	static struct log_formats *formats;
	struct buf errors = { 0 };
	if (formats == NULL)
		formats = log_formats_open("/no/such/folder", &errors);
	if (formats == NULL)
		abort();
	return formats;
}

/* As a line of each format: of syslog, and of its own file. */
static void read_line(struct bytes line)
{
	struct log_formats *formats = built_in();
	for (size_t i = 0; i < formats->count; i++) {
		const struct log_format *format = formats->at[i];
		struct log_login told;
		struct log_message message = { .format = format,
					       .text = line,
					       .medium = "f" };
		if (log_formats_read(formats, &message, &told))
			check(&told);
	}
	struct bytes identifier, text;
	if (log_line_split(line, &identifier, &text) &&
	    identifier.len + text.len > line.len)
		abort();
}

static void read_format(const uint8_t *data, size_t size)
{
	struct buf errors = { 0 };
	struct log_format *format =
		log_format_parse((const char *)data, size, "fuzz", &errors);
	if ((format != NULL) != (errors.len == 0))
		abort();
	log_format_free(format);
	buf_free(&errors);
}

/* ---- reports ---- */

static size_t said;

static void take(void *self, const struct login_record *login)
{
	(void)self;
	(void)login;
	said++;
}

/* Four bytes each. As many are said as were told by the busiest of two, or more. */
static void report(const uint8_t *data, size_t size)
{
	static const char *const outcomes[] = { "success", "failure", "unknown" };
	const struct logins_sink sink = { .login = take };
	struct logins *logins = logins_new(&sink, data[0] % 8);
	size_t told = 0;
	int64_t at_us = 0;
	said = 0;
	for (size_t i = 0; i + 4 <= size && i < 4096 && logins != NULL; i += 4) {
		struct login_record login;
		record_init(RECORD_login, &login);
		at_us += data[i] * 100000;
		login.at = at_us;
		login.outcome = outcomes[data[i + 1] % 3];
		login.client_ip = addr_v4((uint8_t[]){ 10, 0, 0, data[i + 1] >> 6 });
		if (data[i + 2] & 1)
			login.client_ip = addr_unset();
		if (data[i + 2] & 2)
			login.client_port = data[i + 2] >> 6;
		login.user[0] = data[i + 2] & 4 ? 'a' : '\0';
		const struct login_report one = { .login = &login,
						  .teller = data[i + 3] % 8,
						  .count = 1 + data[i + 3] % 3,
						  .is_hint = data[i + 3] > 128 };
		logins_take(logins, &one);
		logins_tick(logins, at_us);
		told += one.count;
	}
	if (logins != NULL)
		logins_flush(logins);
	if (said > told)
		abort();
	logins_free(logins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	read_line(bytes_of(data, size));
	read_format(data, size);
	report(data, size);
	return 0;
}
