/*
 * parents.c: see parents.h.
 */
#include "probe/parents.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more; false without memory: then it is not judged. */
static bool grow(void **at, size_t *size, size_t count, size_t of_one)
{
	if (count < *size)
		return true;
	size_t grown = *size == 0 ? 64 : *size * 2;
	void *more = reallocarray(*at, grown, of_one);
	if (more == NULL)
		return false;
	*at = more;
	*size = grown;
	return true;
}

void parents_add_target(struct parents *p, const char *text)
{
	void *targets = p->targets;
	if (!grow(&targets, &p->target_size, p->target_count, sizeof(p->targets[0])))
		return;
	p->targets = targets;
	p->targets[p->target_count++] = target_hash(text);
}

void parents_add_named(struct parents *p, const char *text, const char *file,
		       size_t line, size_t column)
{
	void *named = p->named;
	if (!grow(&named, &p->named_size, p->named_count, sizeof(p->named[0])))
		return;
	p->named = named;
	p->named[p->named_count++] =
		(struct named_parent){ strdup(text), file, line, column };
}

static int compare(const void *one, const void *other)
{
	const uint64_t *a = one, *b = other;
	return *a < *b ? -1 : *a > *b;
}

static bool is_target(const struct parents *p, const char *text)
{
	uint64_t hash = target_hash(text);
	return p->target_count > 0 && bsearch(&hash, p->targets, p->target_count,
					      sizeof(hash), compare) != NULL;
}

static void say_unknown(const struct named_parent *named, struct buf *errors)
{
	buf_json_text(errors, named->file);
	buf_printf(errors, ":%zu:%zu: parent \"", named->line, named->column);
	buf_json_text(errors, named->text);
	buf_text(errors, "\" is asked nowhere; allowed is a target of probe.targets or "
			 "probe.files, as it is written there, without its password\n");
}

bool parents_check(struct parents *p, struct buf *errors)
{
	bool good = true;
	if (p->target_count > 0)
		qsort(p->targets, p->target_count, sizeof(p->targets[0]), compare);
	for (size_t i = 0; i < p->named_count; i++) {
		const struct named_parent *named = &p->named[i];
		if (named->text == NULL || is_target(p, named->text))
			continue;
		say_unknown(named, errors);
		good = false;
	}
	return good;
}

void parents_free(struct parents *p)
{
	for (size_t i = 0; i < p->named_count; i++)
		free(p->named[i].text);
	free(p->named);
	free(p->targets);
	*p = (struct parents){ 0 };
}
