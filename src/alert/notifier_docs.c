/*
 * notifier_docs.c: see notifier_docs.h.
 */
#include "alert/notifier_docs.h"

#include "alert/notifier.h"

static void put_option(struct buf *page, const struct notifier_option *option)
{
	static const char *const kinds[] = {
		[SINK_TEXT] = "text",
		[SINK_FLAG] = "yes, no",
		[SINK_SECRET] = "secret",
		[SINK_READ] = "file",
		[SINK_WRITTEN] = "file that is written",
	};
	buf_printf(page, "| | `%s` | %s%s | %s |\n", option->name, kinds[option->kind],
		   option->is_needed ? ", needed" : "", option->doc);
}

void notifier_docs(struct buf *page)
{
	size_t count;
	const struct notifier *const *all = notifiers(&count);
	buf_text(page, "| scheme | option | | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(page, "| `%s` | | | %s |\n", all[i]->schemes, all[i]->doc);
		const struct notifier_option *option = all[i]->options;
		for (; option != NULL && option->name != NULL; option++)
			put_option(page, option);
	}
}
