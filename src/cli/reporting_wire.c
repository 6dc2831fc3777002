/*
 * reporting_wire.c: see reporting_wire.h.
 */
#include "cli/reporting_wire.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fleet/lane.h"
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

bool reporting_name(const char *report, const struct config_choice *of,
		    char out[static REPORTING_NAME_MAX])
{
	const char *const parts[][2] = { { ".site-", of->site },
					 { ".tag-", of->tag },
					 { ".sensor-", of->sensor } };
	size_t len = (size_t)snprintf(out, REPORTING_NAME_MAX, "%s", report);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i][1][0] != '\0' && len < REPORTING_NAME_MAX)
			len += (size_t)snprintf(out + len, REPORTING_NAME_MAX - len,
						"%s%s", parts[i][0], parts[i][1]);
	return len < REPORTING_NAME_MAX;
}

const char *reporting_period(const char *stem)
{
	const char *line = strrchr(stem, '_');
	return line != NULL ? line + 1 : "";
}

static bool choice_is_good(const struct config_choice *of)
{
	const char *const names[] = { of->sensor, of->site, of->tag };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!ends(names[i], CONFIG_WORD_MAX) ||
		    (names[i][0] != '\0' && !fleet_name_is_good(names[i])))
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
	       choice_is_good(&out->of) && formats_are_good(out);
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
