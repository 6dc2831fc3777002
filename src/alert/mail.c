/*
 * mail.c: see mail.h.
 */
#include "alert/mail.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alert/mail_files.h"
#include "alert/notice.h"
#include "base/base64.h"
#include "base/hash.h"

enum {
	LINE_MAX_QP = 76,  /* RFC 2045 6.7 */
	WORD_OCTETS = 39,  /* of an encoded word: 52 digits, and 12 around them */
	ADDRESS_MAX = 254, /* RFC 5321 4.5.3.1.3, without brackets */
	TEXT_MAX = 32000,
	BOUNDARY_MAX = 32,
};

/* ---- headers ---- */

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x7f)
			return false;
	return true;
}

/* Octets of it that end between two characters. */
static size_t whole_characters(const char *text, size_t len)
{
	size_t cut = len;
	while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	return cut > 0 ? cut : len;
}

/*
 * RFC 2047 2: words of 75 characters at most, of whole characters, each on a line of
 * its own.  Also what could be taken for such a word is encoded.
 */
static void add_words(struct buf *out, const char *text)
{
	char encoded[BASE64_LEN(WORD_OCTETS) + 1];
	size_t left = strlen(text);
	while (left > 0) {
		size_t len =
			left > WORD_OCTETS ? whole_characters(text, WORD_OCTETS) : left;
		base64_encode(bytes_of(text, len), encoded);
		buf_printf(out, " =?utf-8?B?%s?=\r\n", encoded);
		text += len;
		left -= len;
	}
}

/* Folded at blanks, RFC 5322 2.2.3. */
static void add_folded(struct buf *out, const char *text, size_t used)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		if (used + len + 1 > LINE_MAX_QP) {
			buf_text(out, "\r\n");
			used = 0;
		}
		buf_char(out, ' ');
		buf_add(out, text, len);
		used += len + 1;
		text += len;
		text += strspn(text, " ");
	}
	buf_text(out, "\r\n");
}

static bool has_long_word(const char *text)
{
	for (; *text != '\0'; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");
		if (len > LINE_MAX_QP - 1)
			return true;
		text += len;
	}
	return false;
}

static void add_subject(struct buf *out, const struct notice *notice)
{
	struct buf title = { 0 };
	notice_title(notice, &title);
	const char *text = buf_cstr(&title);
	buf_text(out, "Subject:");
	if (text != NULL && is_plain(text) && strstr(text, "=?") == NULL &&
	    !has_long_word(text))
		add_folded(out, text, sizeof("Subject:") - 1);
	else
		add_words(out, text != NULL ? text : "");
	buf_free(&title);
}

/* RFC 5322 3.3, in UTC; the names are those of the C locale, whatever ours is. */
static void add_date(struct buf *out, int64_t at_us)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed",
					    "Thu", "Fri", "Sat" };
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	time_t seconds = at_us / 1000000;
	struct tm at;
	if (gmtime_r(&seconds, &at) == NULL)
		return;
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[at.tm_wday],
		   at.tm_mday, months[at.tm_mon], at.tm_year + 1900, at.tm_hour,
		   at.tm_min, at.tm_sec);
}

/* What stands behind the "@" of a Message-ID. */
static void add_domain(struct buf *out, const char *host)
{
	size_t begun = out->len;
	for (; *host != '\0'; host++)
		if (isalnum((unsigned char)*host) || *host == '-' ||
		    (*host == '.' && out->len > begun && host[1] != '\0'))
			buf_char(out, *host);
	if (out->len == begun)
		buf_text(out, "localhost");
	buf_text(out, ">\r\n");
}

static void add_ids(struct buf *out, const struct notice *notice)
{
	static const char *const thread[] = { "In-Reply-To", "References" };
	uint64_t key = hash_sum(notice->key, strlen(notice->key));
	buf_printf(out, "Message-ID: <%016" PRIx64 ".notice@", notice->id);
	add_domain(out, notice->host);
	if (notice->report != NULL)
		return;
	for (size_t i = 0; i < sizeof(thread) / sizeof(thread[0]); i++) {
		buf_printf(out, "%s: <%016" PRIx64 ".incident@", thread[i], key);
		add_domain(out, notice->host);
	}
}

/* ---- the text ---- */

/* RFC 2045 6.7; lines that are longer than a server takes are broken softly. */
static void add_quoted(struct buf *out, const char *text)
{
	size_t used = 0;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '\n') {
			buf_text(out, "\r\n");
			used = 0;
			continue;
		}
		bool ends_line = text[1] == '\n' || text[1] == '\0';
		bool is_quoted = c == '=' || c >= 0x7f || c < ' ' ||
				 (c == ' ' && ends_line) || (c == '.' && used == 0);
		size_t len = is_quoted ? 3 : 1;
		if (used + len > LINE_MAX_QP - 1) {
			buf_text(out, "=\r\n");
			used = 0;
		}
		if (is_quoted)
			buf_printf(out, "=%02X", c);
		else
			buf_char(out, (char)c);
		used += len;
	}
}

static void add_recipients(struct buf *out, const char *to)
{
	buf_text(out, "To:");
	while (*to != '\0') {
		size_t len = strcspn(to, ",");
		buf_text(out, " <");
		buf_add(out, to, len);
		to += len;
		buf_text(out, *to != '\0' ? ">,\r\n" : ">\r\n");
		to += strspn(to, ", ");
	}
}

/* A part that is text, its head included. */
static void add_text(struct buf *out, const struct notice *notice,
		     const struct mail_files *files)
{
	struct buf text = { 0 };
	buf_text(out, "Content-Type: text/plain; charset=utf-8\r\n"
		      "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	notice_text(notice, TEXT_MAX, &text);
	if (files != NULL)
		mail_files_say(files, notice, &text);
	add_quoted(out, buf_cstr(&text) != NULL ? text.at : "");
	buf_free(&text);
}

/* RFC 2046 5.1; "=_" stands in no text and no file as they are encoded. */
static void add_parts(struct buf *out, const struct notice *notice)
{
	char boundary[BOUNDARY_MAX];
	struct mail_files files;
	snprintf(boundary, sizeof(boundary), "=_%016" PRIx64, notice->id);
	mail_files_read(&files, notice->report, MAIL_FILES_BYTES_MAX);
	buf_printf(out,
		   "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n",
		   boundary, boundary);
	add_text(out, notice, &files);
	buf_text(out, "\r\n");
	mail_files_add(&files, boundary, out);
	buf_printf(out, "--%s--\r\n", boundary);
	mail_files_free(&files);
}

void mail_message(const char *from, const char *to, const struct notice *notice,
		  struct buf *out)
{
	add_date(out, notice->at_us);
	buf_printf(out, "From: Breakwater <%s>\r\n", from);
	add_recipients(out, to);
	add_subject(out, notice);
	add_ids(out, notice);
	/* RFC 3834 5: no holiday notice answers it. */
	buf_text(out, "Auto-Submitted: auto-generated\r\n"
		      "MIME-Version: 1.0\r\n");
	if (notice->report != NULL)
		add_parts(out, notice);
	else
		add_text(out, notice, NULL);
}

bool mail_is_address(const char *text, size_t len)
{
	const char *at = memchr(text, '@', len);
	if (at == NULL || at == text || at == text + len - 1 || len > ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c <= ' ' || c >= 0x7f || strchr("<>,;:\"()[]\\", c) != NULL)
			return false;
	}
	return true;
}
