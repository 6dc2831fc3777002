/*
 * type_schedules.c: a list of reports that are made again and again, each a section of
 * its own.
 *
 * Which reports, formats and sinks there are is not known here: the place of each is
 * kept for who knows it (cli/report_schedule.h).
 */
#include <stdio.h>
#include <string.h>

#include "config/type.h"

#define REPORT_ALLOWED                                                                 \
	"the name of a framework or a document, as `breakwater report` lists them"
#define EVERY_ALLOWED "day, week, month, quarter or year"
#define AT_ALLOWED    "a time of day from \"00:00\" to \"23:59\", in quotes"
#define FLAG_ALLOWED  "yes or no"
#define WORDS_ALLOWED "one word, or a list of at most 8"
#define NAME_ALLOWED  "one name of a fleet's: up to 63 letters, digits, _ and -"

enum { AT_USUAL_MIN = 360, HOUR_MIN = 60 };

/* ---- reading ---- */

struct taking {
	struct yaml *yaml;
	struct config_schedule *schedule;
	bool has_report, has_every; /* right or wrong */
};

static struct config_place place_of(const struct yaml_event *event)
{
	return (struct config_place){ event->line, event->column };
}

static bool take_word(const struct yaml_event *event, char out[static CONFIG_WORD_MAX])
{
	size_t len = event->kind == YAML_SCALAR ? strlen(event->text) : 0;
	if (len == 0 || len >= CONFIG_WORD_MAX || event->is_null || event->is_broken)
		return false;
	memcpy(out, event->text, len + 1);
	return true;
}

static void take_report(struct taking *t)
{
	t->has_report = true;
	t->schedule->report_at = place_of(yaml_event(t->yaml));
	if (!take_word(yaml_event(t->yaml), t->schedule->report))
		yaml_refuse_value(t->yaml, "report", REPORT_ALLOWED);
}

static void take_every(struct taking *t)
{
	char word[CONFIG_WORD_MAX];
	t->has_every = true;
	if (take_word(yaml_event(t->yaml), word))
		for (int i = 0; period_names[i] != NULL; i++)
			if (strcmp(period_names[i], word) == 0) {
				t->schedule->every = (enum period_kind)i;
				return;
			}
	yaml_refuse_value(t->yaml, "every", EVERY_ALLOWED);
}

static void take_at(struct taking *t)
{
	char word[CONFIG_WORD_MAX];
	if (!take_word(yaml_event(t->yaml), word) ||
	    !period_minute(word, &t->schedule->at_min))
		yaml_refuse_value(t->yaml, "at", AT_ALLOWED);
}

static void take_bundle(struct taking *t)
{
	const struct yaml_event *event = yaml_event(t->yaml);
	if (event->kind != YAML_SCALAR || event->is_null || event->is_broken ||
	    !key_type_flag.take(NULL, &t->schedule->bundle, event->text, event->quoted))
		yaml_refuse_value(t->yaml, "bundle", FLAG_ALLOWED);
}

/* As names of a fleet's are (fleet/lane.h). */
static bool is_name(const char *word)
{
	static const char taken[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_-";
	return word[strspn(word, taken)] == '\0';
}

static void take_name(struct taking *t, const char *key,
		      char out[static CONFIG_WORD_MAX])
{
	const struct yaml_event *event = yaml_event(t->yaml);
	char word[CONFIG_WORD_MAX];
	t->schedule->of_at = place_of(event);
	if (take_word(event, word) && is_name(word))
		memcpy(out, word, sizeof(word));
	else
		yaml_refuse_value(t->yaml, key, NAME_ALLOWED);
}

static void take_sensor(struct taking *t)
{
	take_name(t, "sensor", t->schedule->of.sensor);
}

static void take_site(struct taking *t)
{
	take_name(t, "site", t->schedule->of.site);
}

static void take_tag(struct taking *t)
{
	take_name(t, "tag", t->schedule->of.tag);
}

static bool has_word(const struct config_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->at[i], word) == 0)
			return true;
	return false;
}

/* One that is there twice would be made, or told, twice. */
static void add_word(struct taking *t, const char *name, struct config_words *words)
{
	const struct yaml_event *event = yaml_event(t->yaml);
	char word[CONFIG_WORD_MAX];
	if (yaml_refuse_indirection(t->yaml))
		return;
	if (words->count == CONFIG_WORDS_MAX || !take_word(event, word) ||
	    has_word(words, word)) {
		yaml_refuse_value(t->yaml, name, WORDS_ALLOWED ", each once");
		return;
	}
	words->places[words->count] = place_of(event);
	memcpy(words->at[words->count++], word, sizeof(word));
}

static void take_words(struct taking *t, const char *name, struct config_words *words)
{
	const struct yaml_event *event = yaml_event(t->yaml);
	words->count = 0;
	if (event->kind != YAML_LIST) {
		add_word(t, name, words);
		return;
	}
	while (yaml_next(t->yaml)->kind != YAML_LIST_END && event->kind != YAML_END)
		add_word(t, name, words);
}

static void take_format(struct taking *t)
{
	take_words(t, "format", &t->schedule->formats);
}

static void take_mail(struct taking *t)
{
	take_words(t, "mail", &t->schedule->mail);
}

static const struct entry_key {
	const char *name;
	void (*take)(struct taking *t);
} entry_keys[] = {
	{ "report", take_report }, { "every", take_every },   { "at", take_at },
	{ "format", take_format }, { "bundle", take_bundle }, { "mail", take_mail },
	{ "sensor", take_sensor }, { "site", take_site },     { "tag", take_tag },
};
static const struct yaml_keys names = { entry_keys, sizeof(entry_keys[0]),
					sizeof(entry_keys) / sizeof(entry_keys[0]) };

static void take_key(void *to, size_t key)
{
	struct taking *t = to;
	if (!yaml_refuse_indirection(t->yaml))
		entry_keys[key].take(t);
}

static struct config_schedule usual(const struct yaml_event *event, const char *file)
{
	struct config_schedule schedule = { .report_at = place_of(event),
					    .at_min = AT_USUAL_MIN };
	snprintf(schedule.file, sizeof(schedule.file), "%s", file);
	memcpy(schedule.formats.at[0], "pdf", sizeof("pdf"));
	schedule.formats.places[0] = schedule.report_at;
	schedule.formats.count = 1;
	return schedule;
}

bool config_choice_is_any(const struct config_choice *of)
{
	return of->sensor[0] == '\0' && of->site[0] == '\0' && of->tag[0] == '\0';
}

bool config_schedule_is(const struct config_schedule *schedule, const char *report,
			enum period_kind every, const struct config_choice *of)
{
	return schedule->every == every && strcmp(schedule->report, report) == 0 &&
	       strcmp(schedule->of.sensor, of->sensor) == 0 &&
	       strcmp(schedule->of.site, of->site) == 0 &&
	       strcmp(schedule->of.tag, of->tag) == 0;
}

/* Two of one report and one length, of the same, would be one another's file. */
static bool is_there(const struct config_schedules *list,
		     const struct config_schedule *schedule)
{
	for (size_t i = 0; i < list->count; i++)
		if (config_schedule_is(&list->at[i], schedule->report, schedule->every,
				       &schedule->of))
			return true;
	return false;
}

static void keep(const struct taking *t, struct config_schedules *list)
{
	const struct config_schedule *schedule = t->schedule;
	const struct config_place *at = &schedule->report_at;
	if (!t->has_report || !t->has_every)
		buf_text(yaml_error(t->yaml, at->line, at->column),
			 "report.schedule: report and every are needed: which, and how "
			 "often\n");
	else if (is_there(list, schedule))
		buf_printf(yaml_error(t->yaml, at->line, at->column),
			   "report.schedule: %s is there for every %s already; allowed "
			   "is once of each\n",
			   schedule->report, period_names[schedule->every]);
	else
		list->at[list->count++] = *schedule;
}

static void schedules_take_entry(const struct key *key, void *field, struct yaml *yaml,
				 const char *file)
{
	const struct yaml_event *event = yaml_event(yaml);
	struct config_schedules *list = field;
	struct config_schedule schedule = usual(event, file);
	struct taking taking = { yaml, &schedule, false, false };
	if (yaml_refuse_indirection(yaml))
		return;
	if (event->kind != YAML_MAPPING || list->count >= key->max) {
		struct buf expected = { 0 };
		key->type->expect(&expected, key);
		yaml_refuse_value(yaml, key->path, buf_cstr(&expected));
		buf_free(&expected);
		return;
	}
	yaml_take_mapping(yaml, &names, take_key, &taking);
	keep(&taking, list);
}

/* ---- showing ---- */

static size_t schedules_count(const void *field)
{
	return ((const struct config_schedules *)field)->count;
}

static void put_words(struct buf *out, const char *name,
		      const struct config_words *words)
{
	buf_printf(out, ", \"%s\": [", name);
	for (size_t i = 0; i < words->count; i++) {
		buf_text(out, i > 0 ? ", \"" : "\"");
		buf_json_text(out, words->at[i]);
		buf_char(out, '"');
	}
	buf_char(out, ']');
}

static void put_name(struct buf *out, const char *key, const char *name)
{
	if (name[0] == '\0')
		return;
	buf_printf(out, ", \"%s\": \"", key);
	buf_json_text(out, name);
	buf_char(out, '"');
}

static void schedules_write(struct buf *out, const void *field, size_t index)
{
	const struct config_schedules *list = field;
	const struct config_schedule *schedule = &list->at[index];
	buf_text(out, "{\"report\": \"");
	buf_json_text(out, schedule->report);
	buf_printf(out, "\", \"every\": \"%s\", \"at\": \"%02u:%02u\"",
		   period_names[schedule->every], schedule->at_min / HOUR_MIN,
		   schedule->at_min % HOUR_MIN);
	put_words(out, "format", &schedule->formats);
	buf_printf(out, ", \"bundle\": %s", schedule->bundle ? "true" : "false");
	if (schedule->mail.count > 0)
		put_words(out, "mail", &schedule->mail);
	put_name(out, "sensor", schedule->of.sensor);
	put_name(out, "site", schedule->of.site);
	put_name(out, "tag", schedule->of.tag);
	buf_char(out, '}');
}

static void schedules_expect(struct buf *out, const struct key *key)
{
	buf_printf(out,
		   "a list of at most %u sections with the keys report, every (" //
		   EVERY_ALLOWED
		   "), at (\"06:00\"), format (pdf), bundle (no), mail, and at a hub "
		   "sensor, site and tag, each but the first two with that value if "
		   "not given",
		   key->max);
}

static void schema_words(struct buf *out, const char *name)
{
	buf_printf(out,
		   ", \"%s\": {\"oneOf\": [{\"type\": \"string\"}, {\"type\": "
		   "\"array\", \"items\": {\"type\": \"string\"}, \"maxItems\": %d, "
		   "\"uniqueItems\": true}]}",
		   name, CONFIG_WORDS_MAX);
}

static void schedules_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"object\", \"additionalProperties\": false, "
		      "\"required\": [\"report\", \"every\"], \"properties\": {"
		      "\"report\": {\"type\": \"string\"}, \"every\": {\"enum\": [");
	for (int i = 0; period_names[i] != NULL; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? ", " : "", period_names[i]);
	buf_text(out, "]}, \"at\": {\"type\": \"string\", \"pattern\": "
		      "\"^([01][0-9]|2[0-3]):[0-5][0-9]$\"}, \"bundle\": {");
	key_type_flag.schema(out, key);
	buf_char(out, '}');
	schema_words(out, "format");
	schema_words(out, "mail");
	buf_text(out, ", \"sensor\": {\"type\": \"string\"}, \"site\": {\"type\": "
		      "\"string\"}, \"tag\": {\"type\": \"string\"}");
	buf_char(out, '}');
}

const struct key_type key_type_schedules = {
	.size = sizeof(config_schedules),
	.is_list = true,
	.take_entry = schedules_take_entry,
	.count = schedules_count,
	.write = schedules_write,
	.expect = schedules_expect,
	.schema = schedules_schema,
};
