/*
 * status_lines.c: see status_lines.h.
 */
#include "cli/status_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cells.h"
#include "cli/wrapped.h"
#include "record/record.h"

static void warn(const struct look *look, const char *text)
{
	char line[CELL_MAX + 4];
	snprintf(line, sizeof(line), "! %s", text);
	tone_print(look, TONE_OVER, line);
}

static void clean(char out[static CELL_MAX], const json_t *part, const char *name)
{
	const char *text = member_text(part, name);
	text_clean(out, CELL_MAX, text == NULL || *text == '\0' ? "none" : text);
}

/* "12 MB, since 3 d ago; 0 records waiting", or what is wrong. */
static void print_store(const json_t *store, const struct look *look)
{
	char bytes[CELL_MAX], span[CELL_MAX], waiting[CELL_MAX], message[CELL_MAX];
	const char *state = member_text(store, "state");
	const char *told = member_text(store, "message");
	double lost = member_number(store, "lost");
	int64_t oldest_us;
	text_bytes(bytes, sizeof(bytes), member_number(store, "bytes"));
	text_count(waiting, sizeof(waiting), member_number(store, "waiting"));
	label_print(look, "Store");
	if (cell_time_of(store, "oldest", &oldest_us)) {
		text_span(span, sizeof(span),
			  (double)time(NULL) - (double)oldest_us / 1e6);
		printf("%s, since %s ago; %s records waiting", bytes, span, waiting);
	} else {
		printf("%s; %s records waiting", bytes, waiting);
	}
	if (lost > 0) {
		text_count(message, sizeof(message), lost);
		printf(", ");
		warn(look, message);
		printf(" lost");
	}
	putchar('\n');
	if (state == NULL || strcmp(state, "ok") == 0)
		return;
	label_print(look, "");
	text_clean(message, sizeof(message),
		   told == NULL || told[0] == '\0' ? state : told);
	warn(look, message);
	putchar('\n');
}

/* False and true only; absent is not known, and says nothing. */
static bool is_denied(const json_t *sockets, const char *name)
{
	return json_is_false(json_object_get(sockets, name));
}

static void print_blind(const json_t *sockets, const struct look *look)
{
	char reason[CELL_MAX];
	bool processes = is_denied(sockets, "sees_processes");
	bool namespaces = is_denied(sockets, "sees_namespaces");
	bool all = is_denied(sockets, "watched");
	const char *why = member_text(sockets, "reason");
	if (!all && !processes && !namespaces)
		return;
	label_print(look, "");
	warn(look, all ? "not watched any more: that is what was last seen"
		   : processes && namespaces
			   ? "cannot see processes of other users, nor other "
			     "network namespaces"
		   : processes ? "cannot see processes of other users"
			       : "cannot see other network namespaces");
	text_clean(reason, sizeof(reason), why == NULL ? "" : why);
	printf(reason[0] == '\0' ? "%s\n" : " (%s)\n", reason);
}

static void print_sockets(const json_t *sockets, const struct look *look)
{
	char listening[CELL_MAX], outside[CELL_MAX];
	bool events = json_is_true(json_object_get(sockets, "by_bpf_events"));
	double namespaces = member_number(sockets, "namespaces");
	text_count(listening, sizeof(listening), member_number(sockets, "listening"));
	text_count(outside, sizeof(outside), member_number(sockets, "outside"));
	label_print(look, "Sockets");
	printf("%s listening, %s reachable from outside", listening, outside);
	if (namespaces > 1)
		printf(", in %.0f namespaces", namespaces);
	if (is_denied(sockets, "watched"))
		putchar('\n');
	else
		puts(events ? "; seen by BPF events"
			    : "; seen by asking again and again");
	print_blind(sockets, look);
}

static void warn_line(const struct look *look, const char *text)
{
	label_print(look, "");
	warn(look, text);
	putchar('\n');
}

/* "12 since the start; logs read: the journal, 2 files", and what can't be read. */
static void print_logs(const json_t *logs, const struct look *look)
{
	char text[CELL_MAX], denied[CELL_MAX];
	bool journal = json_is_true(json_object_get(logs, "journal"));
	double files = member_number(logs, "files");
	const char *told = member_text(logs, "denied");
	text_count(text, sizeof(text), member_number(logs, "logins"));
	label_print(look, "Logins");
	printf("%s since the start; logs read: %s", text,
	       journal     ? "the journal"
	       : files > 0 ? ""
			   : "none");
	if (files > 0)
		printf("%s%.0f file%s", journal ? ", " : "", files,
		       files == 1 ? "" : "s");
	putchar('\n');
	if (member_number(logs, "lost") + member_number(logs, "skips") > 0)
		warn_line(look, "not all of them: more lines came than could be read");
	if (told == NULL || told[0] == '\0')
		return;
	text_clean(denied, sizeof(denied), told);
	snprintf(text, sizeof(text), "can't read %.240s", denied);
	warn_line(look, text);
}

/* "by 12 sources; the worst is high:", and which that is. */
static void print_attacks(const json_t *findings, const struct look *look)
{
	char text[CELL_MAX], number[CELL_MAX];
	const json_t *worst = json_object_get(findings, "worst");
	const char *severity = member_text(worst, "severity");
	const char *id = member_text(worst, "id");
	double sources = member_number(findings, "sources");
	if (severity == NULL || id == NULL)
		return;
	label_print(look, "Attacks");
	text_count(number, sizeof(number), sources);
	printf("by %s source%s; the worst is ", number, sources == 1 ? "" : "s");
	text_clean(text, sizeof(text), severity);
	if (record_severity(severity) >= SEVERITY_HIGH)
		warn(look, text);
	else
		fputs(text, stdout);
	text_clean(text, sizeof(text), id);
	printf(": breakwater findings %.8s\n", text);
	label_print(look, "");
	wrapped_print(look, TONE_NORMAL, LABEL_WIDTH, member_text(worst, "summary"));
}

/* How soon findings are said, since the start. */
static void print_latency(const json_t *findings)
{
	char median[CELL_MAX], most[CELL_MAX];
	double us = member_number(findings, "latency_p50_us");
	if (isnan(us))
		return;
	text_duration(median, sizeof(median), us);
	text_duration(most, sizeof(most), member_number(findings, "latency_max_us"));
	printf(", said %s (%s at most) after what decided them", median, most);
}

static void print_findings(const json_t *findings, const struct look *look)
{
	char text[CELL_MAX], count[CELL_MAX];
	double open = member_number(findings, "open");
	double high = member_number(findings, "high");
	label_print(look, "Findings");
	if (!(open > 0)) {
		puts("none open");
		return;
	}
	text_count(count, sizeof(count), open);
	snprintf(text, sizeof(text), "%.32s open", count);
	if (high > 0)
		warn(look, text);
	else
		fputs(text, stdout);
	if (high > 0)
		printf(", %.0f of them high", high);
	print_latency(findings);
	puts(": breakwater findings");
	print_attacks(findings, look);
}

/* "2 limits crossed: breakwater alerts" */
static void print_alerts(const json_t *alerts, const struct look *look)
{
	double firing = member_number(alerts, "firing");
	double left_out = member_number(alerts, "left_out");
	if (firing > 0) {
		label_print(look, "Alerts");
		printf("%.0f limit%s crossed: breakwater alerts\n", firing,
		       firing == 1 ? "" : "s");
	}
	if (left_out > 0)
		warn_line(look, "not all that limits watch is watched: it is too much");
	if (json_is_true(json_object_get(alerts, "files_refused")))
		warn_line(look, "a file of limits.files or notify.files has an error; "
				"older rules are in force: breakwater config check");
}

/* "3 firing, nobody has acknowledged 2 of them: breakwater incidents" */
static void print_incidents(const json_t *incidents, const struct look *look)
{
	char text[CELL_MAX], id[CELL_MAX], rule[CELL_MAX], target[CELL_MAX];
	const json_t *worst = json_object_get(incidents, "worst");
	const char *severity = member_text(worst, "severity");
	double firing = member_number(incidents, "firing");
	double unacknowledged = member_number(incidents, "unacknowledged");
	if (!(firing > 0) || severity == NULL)
		return;
	clean(id, worst, "id");
	clean(rule, worst, "rule");
	clean(target, worst, "target");
	label_print(look, "Incidents");
	snprintf(text, sizeof(text), "%.0f firing", firing);
	if (record_severity(severity) >= SEVERITY_HIGH)
		warn(look, text);
	else
		fputs(text, stdout);
	if (unacknowledged > 0)
		printf(", %.0f of them not acknowledged", unacknowledged);
	printf("; the gravest: %.64s %.64s: breakwater incidents %.8s\n", rule, target,
	       id);
}

/* "2 sinks, told by pid 123; 4 messages wait", or what is wrong with who tells. */
static void print_sender(const json_t *sender, const struct look *look)
{
	char text[CELL_MAX], detail[CELL_MAX];
	double sinks = member_number(sender, "sinks");
	double waiting = member_number(sender, "waiting");
	double dropped = member_number(sender, "dropped");
	clean(detail, sender, "detail");
	label_print(look, "Messages");
	printf("%.0f sink%s, ", sinks, sinks == 1 ? "" : "s");
	snprintf(text, sizeof(text), "who tells: %.240s", detail);
	if (json_is_true(json_object_get(sender, "holds")))
		printf("told by %s", detail);
	else
		warn(look, text);
	if (waiting > 0)
		printf("; %.0f wait", waiting);
	snprintf(text, sizeof(text), "%.0f dropped", dropped);
	if (dropped > 0) {
		fputs("; ", stdout);
		warn(look, text);
	}
	putchar('\n');
}

/* ": 10 up, 2 down; ", those that there are. */
static void print_states(const json_t *prober, const struct look *look)
{
	static const char *const states[] = { "up", "degraded", "down", "unknown" };
	double left_out = member_number(prober, "own_left_out");
	const char *mark = ": ";
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		char text[CELL_MAX];
		double count = member_number(prober, states[i]);
		if (!(count > 0))
			continue;
		snprintf(text, sizeof(text), "%.0f %s", count, states[i]);
		fputs(mark, stdout);
		if (strcmp(states[i], "down") == 0)
			warn(look, text);
		else
			fputs(text, stdout);
		mark = ", ";
	}
	if (left_out > 0)
		printf("; %.0f services of this machine too many", left_out);
	fputs("; ", stdout);
}

/* Of those that fail nobody will see what happened. */
static void print_unrecorded(const json_t *prober, const struct look *look)
{
	char why[CELL_MAX];
	const char *told = member_text(prober, "unrecorded");
	if (told == NULL)
		return;
	text_clean(why, sizeof(why), told);
	label_print(look, "");
	printf("packets of probes that fail are not recorded: %s\n", why);
}

/* "12 targets: 12 up; asked by pid 123", or what is wrong with who asks. */
static void print_prober(const json_t *prober, const struct look *look)
{
	char text[CELL_MAX], detail[CELL_MAX];
	const char *told = member_text(prober, "detail");
	double targets = member_number(prober, "targets");
	label_print(look, "Probes");
	text_count(text, sizeof(text), targets);
	printf("%s target%s", text, targets == 1 ? "" : "s");
	print_states(prober, look);
	text_clean(detail, sizeof(detail), told == NULL ? "?" : told);
	if (json_is_true(json_object_get(prober, "holds"))) {
		printf("asked by %s\n", detail);
	} else {
		snprintf(text, sizeof(text), "who asks: %.240s", detail);
		warn(look, text);
		putchar('\n');
	}
	print_unrecorded(prober, look);
}

/* "14 ports; served, so no traps: 22; answered by pid 12: 3 clients, 120 so far" */
static void print_answered(const json_t *traps, const struct look *look)
{
	char text[CELL_MAX], detail[CELL_MAX];
	const char *told = member_text(traps, "detail");
	const char *missing = member_text(traps, "not_answered");
	double rests_s = member_number(traps, "rests_s");
	text_clean(detail, sizeof(detail), told == NULL ? "?" : told);
	label_print(look, "");
	if (!json_is_true(json_object_get(traps, "holds"))) {
		snprintf(text, sizeof(text), "who answers: %.240s", detail);
		warn(look, text);
		putchar('\n');
		return;
	}
	printf("%.0f answered by %s: %.0f clients now, %.0f so far, %.0f turned away",
	       member_number(traps, "answered"), detail,
	       member_number(traps, "clients"), member_number(traps, "accepted"),
	       member_number(traps, "refused"));
	if (missing != NULL) {
		text_clean(text, sizeof(text), missing);
		printf("; not %s, which could not be had", text);
	}
	if (rests_s > 0) {
		snprintf(text, sizeof(text), "overloaded: none for %.0f s", rests_s);
		fputs("; ", stdout);
		warn(look, text);
	}
	putchar('\n');
}

static void print_traps(const json_t *traps, const struct look *look)
{
	char text[CELL_MAX];
	const char *served = member_text(traps, "served");
	double ports = member_number(traps, "ports");
	label_print(look, "Traps");
	printf("%.0f port%s", ports, ports == 1 ? "" : "s");
	if (served != NULL) {
		text_clean(text, sizeof(text), served);
		printf("; served by a program, so no trap: %s", text);
	}
	putchar('\n');
	if (json_is_true(json_object_get(traps, "answers")))
		print_answered(traps, look);
}

/* What somebody should know, a line each. */
static void print_trouble(const json_t *firewall, const struct look *look)
{
	char text[CELL_MAX], clean[CELL_MAX];
	const char *detail = member_text(firewall, "detail");
	const char *frozen = member_text(firewall, "frozen_by");
	const char *kept = member_text(firewall, "keep_error");
	text_clean(clean, sizeof(clean), detail == NULL ? "?" : detail);
	if (is_denied(firewall, "holds")) {
		snprintf(text, sizeof(text), "not as it should be: %.200s", clean);
		warn_line(look, text);
	}
	if (frozen != NULL) {
		text_clean(clean, sizeof(clean), frozen);
		snprintf(text, sizeof(text),
			 "automatic blocks have stopped (%.32s): breakwater blocks "
			 "--thaw goes on",
			 clean);
		warn_line(look, text);
	}
	if (kept != NULL) {
		text_clean(clean, sizeof(clean), kept);
		snprintf(text, sizeof(text), "blocks can't be kept: %.160s", clean);
		warn_line(look, text);
	}
	if (member_text(firewall, "xdp_error") != NULL) {
		text_clean(clean, sizeof(clean), member_text(firewall, "xdp_error"));
		snprintf(text, sizeof(text), "block.xdp: %.160s; nftables blocks there",
			 clean);
		warn_line(look, text);
	}
	if (member_number(firewall, "never_left_out") > 0)
		warn_line(look, "not all that should never be blocked has room");
}

/* "on; 12 blocks in force, 12 in the kernel; 2 repairs; kept by pid 123" */
static void print_firewall(const json_t *firewall, const struct look *look)
{
	char mode[CELL_MAX], force[CELL_MAX], observed[CELL_MAX], detail[CELL_MAX];
	const char *told = member_text(firewall, "mode");
	const char *keeper = member_text(firewall, "detail");
	double repairs = member_number(firewall, "repairs");
	double would = member_number(firewall, "observed");
	text_clean(mode, sizeof(mode), told == NULL ? "?" : told);
	text_clean(detail, sizeof(detail), keeper == NULL ? "?" : keeper);
	text_count(force, sizeof(force), member_number(firewall, "in_force"));
	text_count(observed, sizeof(observed), would);
	label_print(look, "Firewall");
	printf("%s; %s blocks in force, %.0f in the kernel", mode, force,
	       member_number(firewall, "in_kernel"));
	if (would > 0)
		printf("; %s would be", observed);
	if (repairs > 0)
		printf("; repaired %.0f time%s", repairs, repairs == 1 ? "" : "s");
	if (json_is_true(json_object_get(firewall, "holds")))
		printf(member_text(firewall, "error") != NULL ? "; %s" : "; kept by %s",
		       detail);
	putchar('\n');
	print_trouble(firewall, look);
}

/* "/usr/local/bin/tell as breakwater: 12 run, 1 failed ...; last: exit status 0" */
static void print_runs(const json_t *part, const char *user, const char *label,
		       const struct look *look)
{
	char path[CELL_MAX], last[CELL_MAX];
	clean(path, part, "path");
	clean(last, part, "last");
	if (member_text(part, "path") == NULL || member_text(part, "path")[0] == '\0')
		return;
	label_print(look, label);
	printf("%.120s as %.32s: %.0f run, %.0f failed, %.0f refused; last: %.160s\n",
	       path, user, member_number(part, "ended"), member_number(part, "failed"),
	       member_number(part, "refused"), last);
}

static void print_program(const json_t *program, const struct look *look)
{
	char text[CELL_MAX], user[CELL_MAX], detail[CELL_MAX];
	double left_out = member_number(program, "left_out");
	clean(user, program, "user");
	print_runs(program, user, "Program", look);
	print_runs(json_object_get(program, "notices"), user, "Notices", look);
	if (left_out > 0) {
		snprintf(text, sizeof(text), "%.0f runs left out", left_out);
		warn_line(look, text);
	}
	if (json_is_true(json_object_get(program, "holds")))
		return;
	clean(detail, program, "detail");
	snprintf(text, sizeof(text), "who runs it: %.240s", detail);
	warn_line(look, text);
}

static void print_blocklists(const json_t *lists, const struct look *look)
{
	char entries[CELL_MAX], text[CELL_MAX];
	double count = member_number(lists, "lists");
	double wrong = member_number(lists, "wrong");
	text_count(entries, sizeof(entries), member_number(lists, "entries"));
	label_print(look, "Blocklists");
	printf("%.0f list%s with %s entr%s", count, count == 1 ? "" : "s", entries,
	       member_number(lists, "entries") == 1 ? "y" : "ies");
	if (wrong > 0) {
		snprintf(text, sizeof(text),
			 "%.0f can't be used as they are now: config check says why",
			 wrong);
		fputs("; ", stdout);
		warn(look, text);
	}
	putchar('\n');
}

/* "proven 4 min ago: detected in 9 ms, ...", or what was wrong. */
static void print_last_test(const json_t *test, const struct look *look)
{
	char text[CELL_MAX], words[CELL_MAX], ago[CELL_MAX];
	const char *told = member_text(test, "words");
	const char *result = member_text(json_object_get(test, "last"), "result");
	bool has_passed = result != NULL && strcmp(result, "passed") == 0;
	text_clean(words, sizeof(words), told != NULL ? told : "?");
	text_span(ago, sizeof(ago), member_number(test, "ended_s_ago"));
	if (result == NULL)
		snprintf(text, sizeof(text), "not made yet");
	else
		snprintf(text, sizeof(text), "%.16s %.32s ago: %.180s",
			 has_passed ? "proven" : result, ago, words);
	if (has_passed || result == NULL)
		fputs(text, stdout);
	else
		warn(look, text);
	putchar('\n');
}

static void print_self_test(const json_t *test, const struct look *look)
{
	char text[CELL_MAX], detail[CELL_MAX], ago[CELL_MAX];
	const char *told = member_text(test, "detail");
	double proven_s = member_number(test, "proven_s_ago");
	if (!json_is_true(json_object_get(test, "is_due")) &&
	    json_object_get(test, "last") == NULL)
		return;
	label_print(look, "Self-test");
	print_last_test(test, look);
	if (json_is_true(json_object_get(test, "stale"))) {
		text_span(ago, sizeof(ago), proven_s);
		snprintf(text, sizeof(text), "last proven %.32s%s",
			 isnan(proven_s) ? "never, since the start" : ago,
			 isnan(proven_s) ? "" : " ago");
		warn_line(look, text);
	}
	if (json_is_true(json_object_get(test, "holds")))
		return;
	text_clean(detail, sizeof(detail), told != NULL ? told : "?");
	snprintf(text, sizeof(text), "the process that tests: %.220s", detail);
	warn_line(look, text);
}

static void print_policy(const json_t *policy, const struct look *look)
{
	char text[CELL_MAX];
	double entries = member_number(policy, "entries");
	double expired = member_number(policy, "expired");
	label_print(look, "Policy");
	if (member_text(policy, "path") == NULL && !(entries > 0)) {
		puts("none; breakwater policy propose writes one of what is seen");
		return;
	}
	printf("%.0f %s", entries, entries == 1 ? "entry" : "entries");
	if (expired > 0) {
		snprintf(text, sizeof(text), "%.0f expired", expired);
		fputs(", ", stdout);
		warn(look, text);
	}
	putchar('\n');
}

void status_lines(const json_t *status, const struct look *look)
{
	static const struct {
		const char *name;
		void (*print)(const json_t *part, const struct look *look);
	} parts[] = {
		{ "store", print_store },
		{ "sockets", print_sockets },
		{ "logs", print_logs },
		{ "findings", print_findings },
		{ "alerts", print_alerts },
		{ "incidents", print_incidents },
		{ "sender", print_sender },
		{ "prober", print_prober },
		{ "traps", print_traps },
		{ "firewall", print_firewall },
		{ "program", print_program },
		{ "self_test", print_self_test },
		{ "blocklists", print_blocklists },
		{ "policy", print_policy },
		{ "fleet", status_line_fleet },
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const json_t *part = json_object_get(status, parts[i].name);
		if (json_is_object(part))
			parts[i].print(part, look);
	}
}
