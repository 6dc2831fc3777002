/*
 * answers_settings.c: see answers_settings.h.
 */
#include "cli/answers_settings.h"

#include <errno.h>
#include <string.h>

/* ---- dashboards ---- */

static void give_dashboards(void *self, struct buf *json)
{
	struct monitor *m = self;
	dashboard_shelf_list(&m->dashboards, json);
}

static int give_dashboard(void *self, const char *name, bool as_file, struct buf *out)
{
	const struct monitor *m = self;
	return dashboard_shelf_get(&m->dashboards, name, as_file, out);
}

static void note_change(struct monitor *m, const char *action, const char *actor,
			const char *name, const struct shelf_change *change)
{
	monitor_audit(m, action, actor, name, change->before, change->after);
}

static int put_dashboard(void *self, const char *name, const char *text, size_t len,
			 const char *actor, struct buf *message)
{
	struct monitor *m = self;
	struct shelf_change change;
	struct buf copy = { 0 };
	buf_add(&copy, text, len);
	int error = buf_ok(&copy) ? dashboard_shelf_put(&m->dashboards, name, &copy,
							&change, message)
				  : -ENOMEM;
	if (error == 0)
		note_change(m, "dashboard_put", actor, name, &change);
	buf_free(&copy);
	return error;
}

static int remove_dashboard(void *self, const char *name, const char *actor,
			    struct buf *message)
{
	struct monitor *m = self;
	struct shelf_change change;
	int error = dashboard_shelf_remove(&m->dashboards, name, &change, message);
	if (error == 0)
		note_change(m, "dashboard_remove", actor, name, &change);
	return error;
}

void answers_settings(struct web_source *source)
{
	source->dashboards = give_dashboards;
	source->dashboard = give_dashboard;
	source->dashboard_put = put_dashboard;
	source->dashboard_remove = remove_dashboard;
}
