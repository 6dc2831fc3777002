/*
 * login_intake.c: see login_intake.h.
 */
#include "cli/login_intake.h"

#include <stdio.h>

#include "cli/run_report.h"

enum { HOLD_S = 5 }; /* PAM lets a failure wait for two seconds or three */

static bool reads_logs(const struct logs_options *options)
{
	return options->journal || options->programs || options->file_count > 0;
}

bool login_intake_prepare(struct login_intake *intake, const struct config *config)
{
	struct buf errors = { 0 };
	const struct config_paths *files = &config->logs_files;
	for (size_t i = 0; i < files->count; i++)
		intake->files[i] = files->at[i];
	intake->formats = log_formats_open(config->logs_formats, &errors);
	intake->options = (struct logs_options){ .formats = intake->formats,
						 .journal = config->logs_journal,
						 .programs = config->logs_programs,
						 .files = intake->files,
						 .file_count = files->count };
	if (intake->formats == NULL) {
		const char *text = buf_cstr(&errors);
		fprintf(stderr,
			"%sbreakwater: the formats of logs can't be used; mend the "
			"file, or remove it to go on without\n",
			text != NULL ? text : "");
	}
	buf_free(&errors);
	return intake->formats != NULL;
}

bool login_intake_open(struct login_intake *intake, const struct logins_sink *sink)
{
	bool reads = reads_logs(&intake->options);
	intake->logins = logins_new(sink, reads ? HOLD_S : 0);
	if (reads)
		intake->logs = logs_open(&intake->options);
	return intake->logins != NULL && (intake->logs != NULL || !reads);
}

void login_intake_take(struct login_intake *intake, const struct login_record *login)
{
	const struct login_report report = { .login = login,
					     .teller = LOGINS_WIRE,
					     .count = 1 };
	logins_take(intake->logins, &report);
}

static void take_told(void *to, const struct log_login *told)
{
	struct login_intake *intake = to;
	const struct login_report report = { .login = &told->login,
					     .teller = told->teller,
					     .count = told->count,
					     .span_s = told->span_s,
					     .is_hint = told->is_hint };
	logins_take(intake->logins, &report);
}

/* Said once, when all have been tried. */
static void say_denied(struct login_intake *intake)
{
	struct logs_status status;
	if (intake->has_said)
		return;
	logs_status(intake->logs, &status);
	intake->has_said = status.looked;
	if (status.denied[0] == '\0')
		return;
	run_clear_progress();
	fprintf(stderr,
		"breakwater: logs: can't read %s; logins told there are not seen; the "
		"groups adm and systemd-journal may read them\n",
		status.denied);
}

void login_intake_tick(struct login_intake *intake, int64_t now_us)
{
	if (intake->logs != NULL) {
		logs_take(intake->logs, take_told, intake);
		say_denied(intake);
	}
	logins_tick(intake->logins, now_us);
}

void login_intake_close(struct login_intake *intake)
{
	if (intake->logs != NULL)
		logs_take(intake->logs, take_told, intake);
	logs_close(intake->logs);
	intake->logs = NULL;
	if (intake->logins != NULL)
		logins_flush(intake->logins);
	logins_free(intake->logins);
	intake->logins = NULL;
	log_formats_free(intake->formats);
	intake->formats = NULL;
}

/* ---- status ---- */

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_u64(out, value);
}

void login_intake_json(struct login_intake *intake, struct buf *out)
{
	struct logs_status status = { 0 };
	struct logins_stats stats = { 0 };
	if (intake->logs != NULL)
		logs_status(intake->logs, &status);
	if (intake->logins != NULL)
		logins_stats(intake->logins, &stats);
	buf_printf(out, "\"logs\":{\"looked\":%s,\"journal\":%s",
		   status.looked ? "true" : "false", status.journal ? "true" : "false");
	put_number(out, "files", status.files);
	put_number(out, "lines", status.lines);
	put_number(out, "told", status.logins);
	put_number(out, "lost", status.lost);
	put_number(out, "skips", status.skips);
	put_number(out, "odd", status.odd);
	put_number(out, "logins", stats.attempts);
	put_number(out, "merged", stats.merged);
	put_number(out, "late", stats.late);
	buf_text(out, ",\"denied\":\"");
	buf_json_text(out, status.denied);
	buf_text(out, "\"}");
}
