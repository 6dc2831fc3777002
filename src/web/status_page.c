/*
 * status_page.c: /status: how the public targets are, for everybody: as a page without
 * script, and as JSON.
 *
 * Nothing is on it but the names that the configuration gives: no address, no reason.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"

enum { BAR_PX = 6, BAR_STEP_PX = 8, HEIGHT_PX = 32, MONTH_DAYS = 30, DAY_S = 86400 };
#define DAY_US (DAY_S * 1000000LL)
/* Of a day of which less is known nothing is said. */
static const double KNOWN_S = 60;
static const double GOOD = 0.999, FAIR = 0.95;

static const char css[] =
	":root{color-scheme:light dark;--fg:#1f2328;--bg:#fff;--soft:#57606a;"
	"--line:#d0d7de;--up:#1a7f37;--degraded:#9a6700;--down:#b3261e;"
	"--maintenance:#0a5cad;--unknown:#6e7781}\n"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;"
	"--soft:#9da7b3;--line:#30363d;--up:#3fb950;--degraded:#d29922;"
	"--down:#ff7b72;--maintenance:#79c0ff;--unknown:#8b949e}}\n"
	"body{margin:0 auto;max-width:46rem;padding:1.5rem 1rem;color:var(--fg);"
	"background:var(--bg);font:1rem/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.05rem;margin:0;"
	"overflow-wrap:anywhere}\n"
	".all{font-size:1.15rem;border-left:.35rem solid;padding:.5rem .75rem;"
	"margin:0 0 1.5rem}\n"
	"article{border-top:1px solid var(--line);padding:1rem 0}\n"
	".head{display:flex;gap:1rem;justify-content:space-between;"
	"align-items:baseline}\n"
	".up{color:var(--up)}.degraded{color:var(--degraded)}"
	".down{color:var(--down)}.maintenance{color:var(--maintenance)}"
	".unknown{color:var(--unknown)}\n"
	".state{font-weight:600;white-space:nowrap}\n"
	"svg{display:block;width:100%;height:2rem;margin:.5rem 0}"
	"rect.up{fill:var(--up)}rect.degraded{fill:var(--degraded)}"
	"rect.down{fill:var(--down)}rect.unknown{fill:var(--line)}\n"
	"p{margin:.25rem 0}.soft,footer,summary{color:var(--soft);"
	"font-size:.875rem}\n"
	"summary{min-height:1.5rem}footer{border-top:1px solid var(--line);"
	"padding-top:1rem}\n";

/* ---- days ---- */

/* NaN: too little is known. */
static double share_of(const struct web_public_day *day)
{
	double known = day->good_s + day->bad_s;
	return known >= KNOWN_S ? day->good_s / known : (double)NAN;
}

/* What failed is told apart by height, too, not by colour alone. */
static const char *class_of(double share, int *height)
{
	if (isnan(share)) {
		*height = 4;
		return "unknown";
	}
	*height = share >= GOOD ? HEIGHT_PX : share >= FAIR ? 22 : 12;
	return share >= GOOD ? "up" : share >= FAIR ? "degraded" : "down";
}

static void say_day(struct buf *out, const struct public_view *view, int day)
{
	char text[TIME_TEXT_MAX];
	record_time_text(view->at_us - day * DAY_US, text);
	buf_add(out, text, strlen("2026-01-31"));
}

static void put_bars(struct buf *out, const struct public_view *view,
		     const struct web_public *target)
{
	buf_printf(out,
		   "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
		   "aria-hidden=\"true\">",
		   WEB_PUBLIC_DAYS * BAR_STEP_PX, HEIGHT_PX);
	for (int day = WEB_PUBLIC_DAYS - 1; day >= 0; day--) {
		int height;
		double share = share_of(&target->days[day]);
		const char *class = class_of(share, &height);
		buf_printf(out,
			   "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
			   "height=\"%d\"><title>",
			   class, (WEB_PUBLIC_DAYS - 1 - day) * BAR_STEP_PX,
			   HEIGHT_PX - height, BAR_PX, height);
		say_day(out, view, day);
		buf_text(out, ": ");
		public_say_share(out, share);
		buf_text(out, "</title></rect>");
	}
	buf_text(out, "</svg>\n");
}

/* The same in words: what the bars show, for who does not see them. */
static void put_days(struct buf *out, const struct public_view *view,
		     const struct web_public *target)
{
	int known = 0;
	struct buf list = { 0 };
	for (int day = 0; day < WEB_PUBLIC_DAYS; day++) {
		double share = share_of(&target->days[day]);
		known += !isnan(share);
		if (isnan(share) || share >= 1)
			continue;
		buf_text(&list, "<li>");
		say_day(&list, view, day);
		buf_text(&list, ": ");
		public_say_share(&list, share);
		buf_text(&list, "</li>\n");
	}
	buf_printf(out, "<p class=\"soft\">%d of the last %d days are known.", known,
		   WEB_PUBLIC_DAYS);
	if (known > 0 && list.len == 0)
		buf_text(out, " None of them had an outage.");
	buf_text(out, "</p>\n");
	if (list.len > 0) {
		buf_text(out, "<details><summary>Days with outages</summary><ul>\n");
		buf_add(out, list.at, list.len);
		buf_text(out, "</ul></details>\n");
	}
	buf_free(&list);
}

/* ---- the page ---- */

static size_t count_state(const struct public_view *view, const char *state)
{
	size_t count = 0;
	for (size_t i = 0; i < view->count; i++)
		count += strcmp(view->targets[i].known.state, state) == 0;
	return count;
}

static void put_all(struct buf *out, const struct public_view *view)
{
	size_t down = count_state(view, "down"), bad = count_state(view, "degraded"),
	       work = count_state(view, "maintenance"),
	       unknown = count_state(view, "unknown");
	const char *class = down > 0      ? "down"
			    : bad > 0     ? "degraded"
			    : work > 0    ? "maintenance"
			    : unknown > 0 ? "unknown"
					  : "up";
	buf_printf(out, "<p class=\"all %s\">", class);
	if (view->count == 0)
		buf_text(out, "Nothing is shown here yet.");
	else if (down + bad + work + unknown == 0)
		buf_text(out, "All services are up.");
	else
		buf_printf(out,
			   "Of %zu services %zu %s down, %zu degraded, %zu in "
			   "maintenance, and of %zu it is not known.",
			   view->count, down, down == 1 ? "is" : "are", bad, work,
			   unknown);
	buf_text(out, "</p>\n");
}

/* "2026-01-31 12:00 UTC" */
static void put_time(struct buf *out, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	buf_printf(out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text, text,
		   text + strlen("2026-01-31T"));
}

/* An incident in a sentence; nothing of what is up. */
static void put_incident(struct buf *out, const struct web_public *target)
{
	static const struct {
		const char *state, *words;
	} said[] = { { "down", "It does not answer as it should" },
		     { "degraded", "It answers, but not as well as usual" },
		     { "maintenance", "It is being worked on" },
		     { "unknown", "How it is could not be found out" } };
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		if (strcmp(said[i].state, target->state) != 0)
			continue;
		buf_printf(out, "<p>%s", said[i].words);
		if (target->since_us != UNKNOWN_TIME) {
			buf_text(out, ", since ");
			put_time(out, target->since_us);
		}
		buf_text(out, ".</p>\n");
	}
}

static void put_target(struct buf *out, const struct public_view *view,
		       const struct web_public *target)
{
	buf_text(out, "<article><div class=\"head\"><h2>");
	public_text(out, target->name);
	buf_printf(out, "</h2><span class=\"state %s\">%s</span></div>\n",
		   target->state, target->state);
	put_incident(out, target);
	put_bars(out, view, target);
	buf_text(out, "<p>Uptime: ");
	public_say_share(out, public_uptime(target, MONTH_DAYS));
	buf_printf(out, " of %d days, ", MONTH_DAYS);
	public_say_share(out, public_uptime(target, WEB_PUBLIC_DAYS));
	buf_printf(out, " of %d days</p>\n", WEB_PUBLIC_DAYS);
	put_days(out, view, target);
	buf_text(out, "</article>\n");
}

static void write_html(const struct public_view *view, const char *title,
		       struct buf *out)
{
	buf_text(out,
		 "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width\">"
		 "<meta http-equiv=\"refresh\" content=\"60\">"
		 "<link rel=\"stylesheet\" href=\"/status.css\"><title>");
	public_text(out, title);
	buf_text(out, "</title></head>\n<body><header><h1>");
	public_text(out, title);
	buf_text(out, "</h1></header>\n<main>\n");
	put_all(out, view);
	for (size_t i = 0; i < view->count; i++)
		put_target(out, view, &view->targets[i].known);
	buf_text(out, "</main>\n<footer>As of ");
	put_time(out, view->at_us);
	buf_text(out, ". A bar is a day (UTC), today on the right; the shorter, the "
		      "more of it failed, and flat and grey where nothing is "
		      "known.</footer></body></html>\n");
}

/* ---- JSON ---- */

static void put_share(struct buf *out, const char *name, double share)
{
	if (isnan(share))
		buf_printf(out, ",\"%s\":null", name);
	else
		buf_printf(out, ",\"%s\":%.6f", name, share);
}

static void json_target(const struct public_view *view, const struct web_public *target,
			struct buf *out)
{
	char text[TIME_TEXT_MAX];
	buf_text(out, "{\"name\":\"");
	buf_json_text(out, target->name);
	buf_printf(out, "\",\"state\":\"%s\"", target->state);
	if (target->since_us != UNKNOWN_TIME) {
		record_time_text(target->since_us, text);
		buf_printf(out, ",\"since\":\"%s\"", text);
	}
	put_share(out, "uptime_30d", public_uptime(target, MONTH_DAYS));
	put_share(out, "uptime_90d", public_uptime(target, WEB_PUBLIC_DAYS));
	buf_text(out, ",\"days\":[");
	for (int day = WEB_PUBLIC_DAYS - 1; day >= 0; day--) {
		buf_text(out, "{\"day\":\"");
		say_day(out, view, day);
		buf_char(out, '"');
		put_share(out, "uptime", share_of(&target->days[day]));
		buf_text(out, day > 0 ? "}," : "}");
	}
	buf_text(out, "]}");
}

static void write_json(const struct public_view *view, const char *title,
		       struct buf *out)
{
	char text[TIME_TEXT_MAX];
	record_time_text(view->at_us, text);
	buf_text(out, "{\"title\":\"");
	buf_json_text(out, title);
	buf_printf(out, "\",\"at\":\"%s\",\"targets\":[", text);
	for (size_t i = 0; i < view->count; i++) {
		buf_text(out, i > 0 ? "," : "");
		json_target(view, &view->targets[i].known, out);
	}
	buf_text(out, "]}\n");
}

/* ---- answers ---- */

static enum MHD_Result give(const struct request *request, const char *type,
			    const char *text, size_t len)
{
	struct buf copy = { 0 };
	buf_add(&copy, text, len);
	return answer_text(request->connection, MHD_HTTP_OK, type, &copy);
}

enum MHD_Result answer_status_page(const struct request *request)
{
	struct web *web = request->web;
	struct public_view *view = public_view_look(&web->public_view, web->source,
						    web_now_ms(), web_now_us());
	if (view == NULL)
		return answer_error(request->connection, MHD_HTTP_NOT_FOUND,
				    request->path, "nothing here");
	if (strcmp(request->path, "/status.css") == 0)
		return give(request, "text/css; charset=utf-8", css, sizeof(css) - 1);
	bool is_json = strcmp(request->path, "/status.json") == 0;
	struct buf *made = is_json ? &view->json : &view->html;
	if (made->len == 0 || !buf_ok(made)) {
		buf_clear(made);
		(is_json ? write_json : write_html)(view, web->source->public_title,
						    made);
	}
	return buf_ok(made)
		       ? give(request,
			      is_json ? "application/json" : "text/html; charset=utf-8",
			      made->at, made->len)
		       : MHD_NO;
}
