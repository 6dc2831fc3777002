/*
 * test_mail_files.c: a report as a message of mail with its files, and through the
 * spool; what is too large, or gone, is said.
 */
#include "notice_scene.h"

#include <stdio.h>
#include <unistd.h>

#include "alert/mail.h"
#include "alert/mail_files.h"
#include "alert/notice_json.h"
#include "base/file.h"

static char folder[] = "/tmp/mailed-XXXXXX";
static const char *const files[] = { "cis.pdf", "cis.bundle", "gone.html" };
static const struct notice_report report = { .title = "CIS, 2026-10: nothing deviates",
					     .text = "CIS\nline \xc3\xa9\n\nlast",
					     .folder = folder,
					     .files = files,
					     .file_count = 3 };

static struct notice made_notice(void)
{
	struct notice notice = notice_of(NULL, 0, "report");
	notice.report = &report;
	notice.link = "";
	return notice;
}

static int begin(void **state)
{
	char path[64];
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/cis.pdf", folder);
	if (file_replace(path, "%PDF-\0\r\n.\r\n", 11) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/cis.bundle", folder);
	return file_replace(path, "tar", 3);
}

static int end(void **state)
{
	char path[64];
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void a_message_has_a_text_and_its_files(void **state)
{
	(void)state;
	const struct notice notice = made_notice();
	struct buf out = { 0 }, wanted = { 0 };
	mail_message("a@b", "c@d", &notice, &out);
	buf_text(
		&wanted,
		"Date: Thu, 1 Jan 2026 12:01:00 +0000\r\n"
		"From: Breakwater <a@b>\r\nTo: <c@d>\r\n"
		"Subject: [report] db01: CIS, 2026-10: nothing deviates\r\n"
		"Message-ID: <1122334455667788.notice@db01>\r\n"
		"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=\"=_1122334455667788\"\r\n\r\n"
		"--=_1122334455667788\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		"CIS\r\nline =C3=A9\r\n\r\nlast\r\n\r\n"
		"Attached: cis.pdf\r\nAttached: cis.bundle\r\n");
	buf_text(&wanted,
		 "Not attached: gone.html, which could not be read (No such file "
		 "or directory=\r\n), from db01 in ");
	buf_printf(&wanted, "%s\r\n\r\n", folder);
	buf_text(&wanted,
		 "--=_1122334455667788\r\nContent-Type: application/pdf\r\n"
		 "Content-Transfer-Encoding: base64\r\n"
		 "Content-Disposition: attachment;\r\n filename=\"cis.pdf\"\r\n\r\n"
		 "JVBERi0ADQouDQo=\r\n"
		 "--=_1122334455667788\r\nContent-Type: application/x-tar\r\n"
		 "Content-Transfer-Encoding: base64\r\n"
		 "Content-Disposition: attachment;\r\n filename=\"cis.bundle\"\r\n\r\n"
		 "dGFy\r\n--=_1122334455667788--\r\n");
	assert_string_equal(buf_cstr(&out), buf_cstr(&wanted));
	buf_free(&out);
	buf_free(&wanted);
}

static void what_has_no_room_stays_and_the_mail_says_where(void **state)
{
	(void)state;
	const struct notice notice = made_notice();
	struct mail_files read;
	struct buf out = { 0 };
	/* The first takes all but two bytes. */
	mail_files_read(&read, &report, 13);
	assert_int_equal(read.at[0].error, 0);
	assert_int_not_equal(read.at[1].error, 0);
	mail_files_say(&read, &notice, &out);
	assert_non_null(strstr(buf_cstr(&out),
			       "Not attached: cis.bundle, which is too large for a "
			       "mail; it is on db01 in /tmp/mailed-"));
	buf_free(&out);
	mail_files_free(&read);
}

static void it_comes_through_the_spool_as_it_was(void **state)
{
	(void)state;
	const struct notice notice = made_notice();
	struct buf json = { 0 };
	notice_json(&notice, &json);
	struct notice_read *read = notice_from_json(json.at, json.len);
	assert_non_null(read);
	assert_int_equal(read->notice.count, 0);
	assert_string_equal(read->notice.report->title, report.title);
	assert_string_equal(read->notice.report->text, report.text);
	assert_int_equal(read->notice.report->file_count, 3);
	assert_string_equal(read->notice.report->files[2], "gone.html");
	notice_read_free(read);
	/* A name that leads elsewhere is none of ours. */
	char *text = strdup(buf_cstr(&json));
	char *at = strstr(text, "gone.html");
	memcpy(at, "../x.html", strlen("../x.html"));
	assert_null(notice_from_json(text, strlen(text)));
	free(text);
	buf_free(&json);
}

/* Only mail takes it: the others would tell of an incident that there is not. */
static void nobody_else_is_given_a_report(void **state)
{
	(void)state;
	struct buf said = { 0 };
	const struct notice notice = made_notice();
	struct sink *sink = sink_new("hook", "http://127.0.0.1:9/hook", NULL, &said);
	assert_non_null(sink);
	assert_int_equal(notifier_send(sink, &notice, &said), NOTIFY_NEVER);
	assert_non_null(strstr(buf_cstr(&said), "only mailed"));
	sink_free(sink);
	buf_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_a_text_and_its_files),
		cmocka_unit_test(what_has_no_room_stays_and_the_mail_says_where),
		cmocka_unit_test(it_comes_through_the_spool_as_it_was),
		cmocka_unit_test(nobody_else_is_given_a_report),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
