/*
 * aggregate_json.c: the first groups in order, and all others as one; see
 * aggregate_json.h.
 */
#include "web/aggregate_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/object.h"

/* A group, or one of its steps, and where it stands. */
struct ranked {
	uint32_t group;
	bool ascending;
	/* What it is ordered by: one of these, NULL the others. */
	const char *text;
	const struct addr *addr;
	long double number; /* NaN: unknown */
};

struct placed {
	uint32_t rank;
	int64_t step;
	size_t cell;
};

/* Which groups are told, and how. */
struct choice {
	const struct aggregate *of;
	uint32_t *groups; /* owned, the first first */
	size_t count;
	uint32_t *rank; /* owned, by group; AGGREGATE_OTHERS: not told */
	void *record;   /* owned: of the kind, every field unknown */
	bool failed;
};

static void choice_free(struct choice *choice)
{
	free(choice->groups);
	free(choice->rank);
	free(choice->record);
}

/* Nobody is chosen. */
static bool choice_open(struct choice *choice, const struct aggregate *of)
{
	*choice = (struct choice){ .of = of };
	choice->groups = calloc(of->group_count + 1, sizeof(choice->groups[0]));
	choice->rank = malloc((of->group_count + 1) * sizeof(choice->rank[0]));
	choice->record = malloc(of->ask->query.schema->size);
	choice->failed = choice->groups == NULL || choice->rank == NULL ||
			 choice->record == NULL;
	if (choice->failed)
		return false;
	memset(choice->rank, 0xff, (of->group_count + 1) * sizeof(choice->rank[0]));
	record_init(of->ask->query.kind, choice->record);
	return true;
}

static void choose(struct choice *choice, uint32_t group)
{
	choice->rank[group] = (uint32_t)choice->count;
	choice->groups[choice->count++] = group;
}

/* ---- order ---- */

static bool is_unknown(const struct ranked *ranked)
{
	if (ranked->text != NULL)
		return *ranked->text == '\0';
	return ranked->addr != NULL ? addr_is_unset(ranked->addr)
				    : isnan(ranked->number);
}

/* Unknown ones come last, whichever way. */
static int order(const struct ranked *x, const struct ranked *y)
{
	int by_value;
	if (is_unknown(x) || is_unknown(y))
		return is_unknown(x) - is_unknown(y);
	if (x->text != NULL)
		by_value = strcmp(x->text, y->text);
	else if (x->addr != NULL)
		by_value = memcmp(x->addr, y->addr, sizeof(*x->addr));
	else
		by_value = x->number < y->number ? -1 : x->number > y->number;
	return x->ascending ? by_value : -by_value;
}

/* Equal ones as they came. */
static int first_first(const void *left, const void *right)
{
	const struct ranked *x = left, *y = right;
	int by_value = order(x, y);
	if (by_value != 0)
		return by_value;
	return x->group < y->group ? -1 : 1;
}

static void rank_by_field(const struct choice *choice, const struct field *field,
			  struct ranked *ranked)
{
	const void *key =
		aggregate_key(choice->of, ranked->group, choice->of->ask->order_at);
	if (field->type == TYPE_addr) {
		ranked->addr = key;
		return;
	}
	if (field_width(field) == 0) {
		ranked->text = key;
		return;
	}
	aggregate_fields(choice->of, ranked->group, choice->record);
	const field_flag *flag = field_at(field, choice->record);
	if (field->type == TYPE_flag && *flag != UNKNOWN_FLAG)
		ranked->number = *flag;
	else
		ranked->number = field_number(field, choice->record);
}

static struct ranked rank(const struct choice *choice, uint32_t group)
{
	const struct aggregate *of = choice->of;
	const struct aggregate_ask *ask = of->ask;
	const struct tally *tally = aggregate_group_tally(of, group);
	struct ranked ranked = { .group = group, .ascending = ask->ascending };
	if (ask->order == AGGREGATE_BY_COUNT)
		ranked.number = (long double)tally->count;
	else if (ask->order == AGGREGATE_BY_MEASURE)
		ranked.number = tally_number(tally, &ask->measures, ask->order_at);
	else
		rank_by_field(choice, ask->by[ask->order_at], &ranked);
	return ranked;
}

/* How many cells each group has. */
static uint32_t *count_cells(const struct aggregate *of)
{
	uint32_t *cells = calloc(of->group_count + 1, sizeof(*cells));
	for (size_t i = 0; cells != NULL && i < of->cell_count; i++)
		if (of->cells[i].group != AGGREGATE_OTHERS)
			cells[of->cells[i].group]++;
	return cells;
}

static void choose_first(struct choice *choice)
{
	const struct aggregate *of = choice->of;
	struct ranked *all = calloc(of->group_count + 1, sizeof(*all));
	uint32_t *cells = count_cells(of);
	choice->failed |= all == NULL || cells == NULL;
	for (size_t i = 0; !choice->failed && i < of->group_count; i++)
		all[i] = rank(choice, (uint32_t)i);
	if (!choice->failed)
		qsort(all, of->group_count, sizeof(*all), first_first);
	size_t rows = 0;
	for (size_t i = 0; !choice->failed && i < of->group_count; i++) {
		rows += cells[all[i].group];
		if (i == of->ask->limit || rows > AGGREGATE_ROWS_MAX)
			break;
		choose(choice, all[i].group);
	}
	free(all);
	free(cells);
}

/* The groups that were chosen of another, as far as there are such. */
static void choose_same(struct choice *choice, const struct choice *as)
{
	for (size_t i = 0; !choice->failed && i < as->count; i++) {
		int64_t group = aggregate_find(choice->of, as->of, as->groups[i]);
		if (group >= 0)
			choose(choice, (uint32_t)group);
	}
}

/* ---- rows ---- */

static void write_row(struct buf *out, const struct choice *choice, uint32_t group,
		      const struct placed *placed)
{
	const struct aggregate *of = choice->of;
	const struct tally *tally = aggregate_group_tally(of, group);
	object_open(out, NULL);
	aggregate_fields(of, group, choice->record);
	for (size_t i = 0; i < of->ask->by_count; i++)
		record_json_field(out, of->ask->by[i], choice->record);
	if (placed != NULL) {
		object_time(out, "at", placed->step * of->step_s * 1000000, "Z");
		tally = aggregate_cell_tally(of, placed->cell);
	}
	tally_write(out, tally, &of->ask->measures);
	object_close(out);
	buf_char(out, ',');
}

static int by_place(const void *left, const void *right)
{
	const struct placed *x = left, *y = right;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->step < y->step ? -1 : x->step > y->step;
}

/* The cells, those of the first group first, those of others last. */
static struct placed *place_cells(const struct choice *choice)
{
	const struct aggregate *of = choice->of;
	struct placed *all = calloc(of->cell_count + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < of->cell_count; i++) {
		uint32_t group = of->cells[i].group;
		all[i] = (struct placed){ group == AGGREGATE_OTHERS
						  ? AGGREGATE_OTHERS
						  : choice->rank[group],
					  of->cells[i].step, i };
	}
	qsort(all, of->cell_count, sizeof(*all), by_place);
	return all;
}

static void end_array(struct buf *out)
{
	if (buf_ok(out) && out->len > 0 && out->at[out->len - 1] == ',')
		out->len--;
	buf_text(out, "],");
}

static void write_rows(struct buf *out, const char *name, const struct choice *choice,
		       const struct placed *cells)
{
	buf_printf(out, "\"%s\":[", name);
	if (choice->of->ask->step_s == 0)
		for (size_t i = 0; i < choice->count; i++)
			write_row(out, choice, choice->groups[i], NULL);
	for (size_t i = 0; i < choice->of->cell_count; i++)
		if (cells[i].rank != AGGREGATE_OTHERS)
			write_row(out, choice, choice->groups[cells[i].rank],
				  &cells[i]);
	end_array(out);
}

/* ---- others ---- */

static void write_other_steps(struct buf *out, const struct choice *choice,
			      const struct placed *cells, struct tally *sum)
{
	const struct aggregate *of = choice->of;
	buf_text(out, "\"rows\":[");
	for (size_t i = 0; i < of->cell_count; i++) {
		if (cells[i].rank != AGGREGATE_OTHERS)
			continue;
		bool is_last =
			i + 1 == of->cell_count || cells[i + 1].step != cells[i].step;
		tally_merge(sum, &of->ask->measures,
			    aggregate_cell_tally(of, cells[i].cell));
		if (!is_last)
			continue;
		object_open(out, NULL);
		object_time(out, "at", cells[i].step * of->step_s * 1000000, "Z");
		tally_write(out, sum, &of->ask->measures);
		object_close(out);
		buf_char(out, ',');
		memset(sum, 0, of->tally_size);
	}
	end_array(out);
}

static void write_others(struct buf *out, const struct choice *choice,
			 const struct placed *cells, struct tally *sum)
{
	const struct aggregate *of = choice->of;
	bool is_estimate;
	uint64_t groups = aggregate_groups(of, &is_estimate);
	tally_merge(sum, &of->ask->measures, of->others);
	for (size_t i = 0; i < of->group_count; i++)
		if (choice->rank[i] == AGGREGATE_OTHERS)
			tally_merge(sum, &of->ask->measures,
				    aggregate_group_tally(of, i));
	if (sum->count == 0)
		return;
	object_open(out, "others");
	object_u64(out, "groups", groups - choice->count);
	tally_write(out, sum, &of->ask->measures);
	memset(sum, 0, of->tally_size);
	if (of->ask->step_s > 0)
		write_other_steps(out, choice, cells, sum);
	object_close(out);
	buf_char(out, ',');
}

/* ---- the whole ---- */

static void write_time(struct buf *out, const char *name, int64_t at_us)
{
	if (at_us != INT64_MIN && at_us != INT64_MAX)
		object_time(out, name, at_us, "Z");
}

static void write_question(struct buf *out, const struct aggregate *of)
{
	const struct aggregate_ask *ask = of->ask;
	object_text(out, "record", ask->query.schema->name);
	buf_text(out, "\"by\":[");
	for (size_t i = 0; i < ask->by_count; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", ask->by[i]->name);
	buf_text(out, "],");
	if (ask->step_s > 0)
		object_u64(out, "step_s", of->step_s);
	write_time(out, "since", ask->query.since_us);
	write_time(out, "until", ask->query.until_us);
}

/* What was too much to be kept apart, and how far a group may be off for it. */
static void write_merged(struct buf *out, const struct aggregate *of)
{
	const struct aggregate_ask *ask = of->ask;
	bool is_sum = ask->order == AGGREGATE_BY_MEASURE &&
		      ask->measures.at[ask->order_at].how == MEASURE_SUM;
	if (of->merged == 0)
		return;
	object_open(out, "merged");
	object_u64(out, "groups", of->merged);
	object_text(out, "of", is_sum ? ask->measures.at[ask->order_at].name : "count");
	object_decimal(out, "short_by", (double)of->short_by);
	object_close(out);
	buf_char(out, ',');
}

static void write_counts(struct buf *out, const struct aggregate *of)
{
	bool is_estimate;
	uint64_t groups = aggregate_groups(of, &is_estimate);
	object_u64(out, "groups", groups);
	if (is_estimate)
		object_bool(out, "groups_are_estimated", true);
	write_merged(out, of);
}

static void write_previous(struct buf *out, const struct choice *now,
			   const struct aggregate *before)
{
	struct choice choice;
	struct placed *cells = NULL;
	if (choice_open(&choice, before)) {
		choose_same(&choice, now);
		cells = place_cells(&choice);
	}
	if (cells != NULL)
		write_rows(out, "previous", &choice, cells);
	out->failed |= cells == NULL;
	free(cells);
	choice_free(&choice);
}

void aggregate_write(struct buf *out, const struct aggregate_answer *answer)
{
	const struct aggregate *of = answer->now;
	struct choice choice;
	struct placed *cells = NULL;
	struct tally *sum = calloc(1, of->tally_size);
	if (choice_open(&choice, of)) {
		choose_first(&choice);
		cells = place_cells(&choice);
	}
	bool is_whole = !choice.failed && cells != NULL && sum != NULL && !of->failed;
	out->failed |= !is_whole;
	object_open(out, NULL);
	if (is_whole) {
		write_question(out, of);
		write_rows(out, "rows", &choice, cells);
		write_others(out, &choice, cells, sum);
		write_counts(out, of);
		if (answer->before != NULL)
			write_previous(out, &choice, answer->before);
	}
	buf_text(out, "\"gaps\":[");
	if (answer->gaps != NULL)
		buf_add(out, answer->gaps->at, answer->gaps->len);
	end_array(out);
	object_text(out, "incomplete", answer->incomplete);
	object_close(out);
	buf_char(out, '\n');
	free(cells);
	free(sum);
	choice_free(&choice);
}
