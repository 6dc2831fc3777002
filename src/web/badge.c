/*
 * badge.c: /badge/NAME.svg: how a public target is, as a small picture for other pages.
 *
 * A picture of another page can't load a font: widths are those of common sans-serif
 * fonts at 11 pixels, rounded up.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"

enum { CHARACTER_PX = 7, MARGIN_PX = 6, SHOWN_MAX = 40, DAYS = 30 };

static const char before[] = "/badge/", after[] = ".svg";

bool badge_is_at(const char *path)
{
	return strncmp(path, before, sizeof(before) - 1) == 0;
}

static const struct web_public *find(const struct public_view *view, const char *path)
{
	const char *name = path + sizeof(before) - 1;
	size_t len = strlen(name), end = sizeof(after) - 1;
	if (view == NULL || len <= end || strcmp(name + len - end, after) != 0)
		return NULL;
	for (size_t i = 0; i < view->count; i++)
		if (strlen(view->targets[i].name) == len - end &&
		    memcmp(view->targets[i].name, name, len - end) == 0)
			return &view->targets[i].known;
	return NULL;
}

/* ---- what it says ---- */

static const char *colour_of_state(const char *state)
{
	static const struct {
		const char *state, *colour;
	} colours[] = { { "up", "#1a7f37" },
			{ "degraded", "#9a6700" },
			{ "down", "#b3261e" },
			{ "maintenance", "#0a5cad" } };
	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].state, state) == 0)
			return colours[i].colour;
	return "#57606a";
}

static const char *colour_of_share(double share)
{
	static const double good = 0.999, fair = 0.99;
	if (isnan(share))
		return colour_of_state("unknown");
	return colour_of_state(share >= good   ? "up"
			       : share >= fair ? "degraded"
					       : "down");
}

static void say_response(struct buf *out, uint64_t us)
{
	if (us == UNKNOWN_U64)
		buf_text(out, "not known");
	else if (us < 10000)
		buf_printf(out, "%.1f ms", (double)us / 1000);
	else
		buf_printf(out, "%" PRIu64 " ms", us / 1000);
}

/* False: there is no such badge.  *colour: static. */
static bool say(const struct web_public *target, const char *of, struct buf *out,
		const char **colour)
{
	*colour = colour_of_state(target->state);
	if (of == NULL || strcmp(of, "state") == 0) {
		buf_text(out, target->state);
	} else if (strcmp(of, "uptime") == 0) {
		double share = public_uptime(target, DAYS);
		public_say_share(out, share);
		*colour = colour_of_share(share);
	} else if (strcmp(of, "response") == 0) {
		say_response(out, target->answer_us);
	} else {
		return false;
	}
	return true;
}

/* ---- the picture ---- */

/* Characters of UTF-8. */
static unsigned count_characters(const char *text)
{
	unsigned count = 0;
	for (const char *s = text; *s != '\0'; s++)
		count += ((unsigned char)*s & 0xc0) != 0x80;
	return count;
}

/* The first of them, and "..." for the rest. */
static void cut(const char *text, struct buf *out)
{
	unsigned count = 0;
	const char *s = text;
	for (; *s != '\0'; s++) {
		count += ((unsigned char)*s & 0xc0) != 0x80;
		if (count > SHOWN_MAX)
			break;
	}
	buf_add(out, text, (size_t)(s - text));
	buf_text(out, *s != '\0' ? "..." : "");
}

static void put_label(struct buf *out, unsigned x, const char *text)
{
	buf_printf(out, "<text x=\"%u\" y=\"14\">", x);
	public_text(out, text);
	buf_text(out, "</text>");
}

static void draw(const char *name, const char *value, const char *colour,
		 struct buf *out)
{
	unsigned left = count_characters(name) * CHARACTER_PX + 2 * MARGIN_PX;
	unsigned right = count_characters(value) * CHARACTER_PX + 2 * MARGIN_PX;
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		   "height=\"20\" role=\"img\" aria-label=\"",
		   left + right);
	public_text(out, name);
	buf_text(out, ": ");
	public_text(out, value);
	buf_text(out, "\"><title>");
	public_text(out, name);
	buf_text(out, ": ");
	public_text(out, value);
	buf_printf(out,
		   "</title><rect width=\"%u\" height=\"20\" rx=\"3\" fill=\"%s\"/>"
		   "<path d=\"M3 0h%uv20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z\" "
		   "fill=\"#3b4148\"/><g fill=\"#fff\" font-size=\"11\" "
		   "font-family=\"DejaVu Sans,Verdana,sans-serif\">",
		   left + right, colour, left - 3);
	put_label(out, MARGIN_PX, name);
	put_label(out, left + MARGIN_PX, value);
	buf_text(out, "</g></svg>\n");
}

static enum MHD_Result give(const struct request *request,
			    const struct web_public *target, const char *value,
			    const char *colour)
{
	struct buf name = { 0 }, text = { 0 };
	cut(target->name, &name);
	draw(buf_cstr(&name) != NULL ? name.at : "", value, colour, &text);
	buf_free(&name);
	return answer_text(request->connection, MHD_HTTP_OK, "image/svg+xml", &text);
}

enum MHD_Result answer_badge(const struct request *request)
{
	struct web *web = request->web;
	const struct public_view *view = public_view_look(
		&web->public_view, web->source, web_now_ms(), web_now_us());
	const struct web_public *target = find(view, request->path);
	const char *of = MHD_lookup_connection_value(request->connection,
						     MHD_GET_ARGUMENT_KIND, "of");
	const char *colour;
	struct buf value = { 0 };
	/* The same for what is not there and what is not public. */
	if (target == NULL)
		return answer_error(request->connection, MHD_HTTP_NOT_FOUND,
				    request->path, "nothing here");
	enum MHD_Result result;
	if (say(target, of, &value, &colour))
		result = give(request, target, buf_cstr(&value) != NULL ? value.at : "",
			      colour);
	else
		result = answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
				      request->path,
				      "of: not state, uptime or response");
	buf_free(&value);
	return result;
}
