/*
 * mail_files.c: see mail_files.h.
 */
#include "alert/mail_files.h"

#include <errno.h>
#include <string.h>

#include "alert/notice.h"
#include "base/base64.h"
#include "base/file.h"

enum { LINE_OCTETS = 57 /* 76 digits, RFC 2045 6.8 */ };

void mail_files_read(struct mail_files *files, const struct notice_report *report,
		     size_t most)
{
	struct buf path = { 0 };
	*files = (struct mail_files){ .count = 0 };
	for (size_t i = 0; i < report->file_count && i < NOTICE_FILES_MAX; i++) {
		struct mail_file *file = &files->at[files->count++];
		file->name = report->files[i];
		buf_clear(&path);
		buf_printf(&path, "%s/%s", report->folder, file->name);
		const char *whole = buf_cstr(&path);
		file->error =
			whole != NULL ? file_read(whole, most, &file->text) : -ENOMEM;
		if (file->error == 0)
			most -= file->text.len;
		else
			buf_free(&file->text);
	}
	buf_free(&path);
}

void mail_files_free(struct mail_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		buf_free(&files->at[i].text);
	files->count = 0;
}

void mail_files_say(const struct mail_files *files, const struct notice *notice,
		    struct buf *out)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct mail_file *file = &files->at[i];
		buf_text(out, i == 0 ? "\n" : "");
		if (file->error == 0) {
			buf_printf(out, "Attached: %s\n", file->name);
			continue;
		}
		buf_printf(out, "Not attached: %s, ", file->name);
		if (file->error == -EFBIG)
			buf_text(out, "which is too large for a mail; it is on ");
		else
			buf_printf(out, "which could not be read (%s), from ",
				   strerror(-file->error));
		escape_line(out, notice->host);
		buf_printf(out, " in %s\n", notice->report->folder);
	}
}

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {
		{ ".pdf", "application/pdf" },
		{ ".html", "text/html; charset=utf-8" },
		{ ".csv", "text/csv; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".bundle", "application/x-tar" },
	};
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (dot != NULL && strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static void add_encoded(struct buf *out, const struct buf *text)
{
	char line[BASE64_LEN(LINE_OCTETS) + 1];
	for (size_t at = 0; at < text->len; at += LINE_OCTETS) {
		size_t left = text->len - at;
		size_t len = left < LINE_OCTETS ? left : LINE_OCTETS;
		base64_encode((struct bytes){ .at = (const uint8_t *)text->at + at,
					      .len = len },
			      line);
		buf_text(out, line);
		buf_text(out, "\r\n");
	}
}

/* What a header can't hold between quotes is not in the names of our reports. */
static void add_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;
		buf_char(out,
			 c <= ' ' || c >= 0x7f || c == '"' || c == '\\' ? '_' : *name);
	}
}

void mail_files_add(const struct mail_files *files, const char *boundary,
		    struct buf *out)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct mail_file *file = &files->at[i];
		if (file->error != 0)
			continue;
		buf_printf(out,
			   "--%s\r\nContent-Type: %s\r\n"
			   "Content-Transfer-Encoding: base64\r\n"
			   "Content-Disposition: attachment;\r\n filename=\"",
			   boundary, type_of(file->name));
		add_name(out, file->name);
		buf_text(out, "\"\r\n\r\n");
		add_encoded(out, &file->text);
	}
}
