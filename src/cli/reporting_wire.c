/*
 * reporting_wire.c: see reporting_wire.h.
 */
#include "cli/reporting_wire.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/formats.h"

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

bool reporting_name_is_good(const char *name, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789._-";
	if (len == 0 || len >= REPORTING_STEM_MAX + CONFIG_WORD_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] == '\0' || strchr(allowed, name[i]) == NULL)
			return false;
	return true;
}

static bool formats_are_good(const struct reporting_order *order)
{
	if (order->format_count > CONFIG_WORDS_MAX)
		return false;
	for (uint32_t i = 0; i < order->format_count; i++)
		if (!ends(order->formats[i], sizeof(order->formats[i])) ||
		    report_format(order->formats[i]) == NULL)
			return false;
	return true;
}

bool reporting_order_parse(const void *bytes, size_t len, struct reporting_order *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->id != 0 && out->keep > 0 && out->since_us < out->until_us &&
	       ends(out->report, sizeof(out->report)) &&
	       ends(out->stem, sizeof(out->stem)) &&
	       reporting_name_is_good(out->stem, strlen(out->stem)) &&
	       formats_are_good(out);
}

static bool files_are_good(const char *files)
{
	while (*files != '\0') {
		size_t len = strcspn(files, " ");
		if (!reporting_name_is_good(files, len))
			return false;
		files += len;
		files += strspn(files, " ");
	}
	return true;
}

static bool is_digest(const char *text)
{
	size_t len = strlen(text);
	return (len == 0 || len == REPORTING_SHA256_MAX - 1) &&
	       strspn(text, "0123456789abcdef") == len;
}

bool reporting_event_parse(const void *bytes, size_t len, struct reporting_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return ends(out->outcome, sizeof(out->outcome)) &&
	       ends(out->title, sizeof(out->title)) &&
	       ends(out->sha256, sizeof(out->sha256)) && is_digest(out->sha256) &&
	       ends(out->files, sizeof(out->files)) && files_are_good(out->files) &&
	       ends(out->error, sizeof(out->error)) && isfinite(out->observed) &&
	       out->observed >= 0 && out->observed <= 1;
}

void reporting_folder(const char *state, char out[static CONFIG_TEXT_MAX + 16])
{
	snprintf(out, CONFIG_TEXT_MAX + 16, "%s/" REPORTING_FOLDER, state);
}
