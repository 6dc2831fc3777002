/*
 * blackbox_parse.c: a file of modules, from its first byte to its last.
 */
#include <stdlib.h>
#include <string.h>

#include "probe/blackbox_debug.h"
#include "probe/blackbox_keys.h"
#include "protocol/dialogue.h"
#include "protocol/dns_message.h"

enum {
	SIGNS_MAX = 1 << 18, /* of []{},:? in a file */
	MODULES_MAX = 1000,
	TYPE_ANY = 255,
};

/* One that nobody knows is refused when it is asked for, and spares the others. */
static bool take_prober(struct blackbox_reader *reader, void *at)
{
	static const char *const names[BLACKBOX_PROBERS] = { "",    "http", "tcp",
							     "dns", "icmp", "grpc" };
	struct blackbox_module *module = at;
	if (!blackbox_take_text(reader, &module->prober_name))
		return false;
	for (unsigned i = 0; i < BLACKBOX_PROBERS; i++)
		if (strcmp(names[i], module->prober_name) == 0)
			module->prober = (enum blackbox_prober)i;
	return true;
}

static const struct blackbox_key module_keys[] = {
	{ "prober", "http, tcp, dns, icmp or grpc", take_prober, 0 },
	{ "timeout", "a time such as 5s, from 1ms to 1h", blackbox_take_duration,
	  offsetof(struct blackbox_module, timeout_ms) },
	{ "http", "a section", blackbox_take_http, 0 },
	{ "tcp", "a section", blackbox_take_tcp, 0 },
	{ "dns", "a section", blackbox_take_dns, 0 },
	{ "icmp", "a section", blackbox_take_icmp, 0 },
	{ "grpc", "a section", blackbox_take_grpc, 0 },
};

static struct blackbox_module *new_module(struct blackbox_reader *reader)
{
	struct blackbox *all = reader->all;
	struct blackbox_module *module = blackbox_own(reader, sizeof(*module));
	struct blackbox_module **place =
		module != NULL && all->count < MODULES_MAX
			? blackbox_grow(reader, (void **)&all->modules, &all->count,
					sizeof(void *))
			: NULL;
	if (place == NULL)
		return NULL;
	for (unsigned i = 0; i < BLACKBOX_PROBERS; i++)
		module->way[i] =
			(struct blackbox_way){ .preferred_ip_protocol = 6,
					       .ip_protocol_fallback = true,
					       .source_ip_address = addr_unset() };
	module->prober_name = "";
	module->http.follow_redirects = module->http.enable_http2 = true;
	module->dns.recursion_desired = true;
	module->dns.query_type = TYPE_ANY;
	module->dns.query_class = 1;
	reader->module = module;
	return *place = module;
}

static struct blackbox_module *module_named(const struct blackbox *all,
					    const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->modules[i]->name != NULL &&
		    strcmp(all->modules[i]->name, name) == 0)
			return all->modules[i];
	return NULL;
}

static void take_module(struct blackbox_reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	const char *name = "";
	size_t line = event->line, column = event->column;
	bool ok = blackbox_is_scalar(reader) && !event->is_marked &&
		  blackbox_take_text(reader, &name) && name[0] != '\0';
	bool is_again = ok && module_named(reader->all, name) != NULL;
	struct blackbox_module *module = ok && !is_again ? new_module(reader) : NULL;
	if (module == NULL) {
		struct buf *out = yaml_error(reader->yaml, line, column);
		yaml_say_found(out, event);
		buf_text(out, is_again ? " is there twice; allowed is once\n"
				       : " is no name of a module\n");
		yaml_skip(reader->yaml);
		yaml_next(reader->yaml);
		yaml_skip(reader->yaml);
		return;
	}
	module->name = name;
	yaml_next(reader->yaml);
	if (yaml_refuse_indirection(reader->yaml) ||
	    blackbox_take_section(reader, module_keys, COUNT(module_keys), module))
		return;
	buf_text(yaml_error(reader->yaml, line, column),
		 "a module can't be that; allowed are keys such as prober: tcp\n");
	yaml_skip(reader->yaml);
}

static bool take_modules(struct blackbox_reader *reader, void *at)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	(void)at;
	if (event->is_null)
		return true;
	if (event->kind != YAML_MAPPING)
		return false;
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END && !reader->out_of_memory)
		take_module(reader);
	return true;
}

static void take_file(struct blackbox_reader *reader)
{
	static const struct blackbox_key keys[] = {
		{ "modules", "a section of modules", take_modules, 0 },
	};
	const struct yaml_event *event = yaml_next(reader->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(reader->yaml);
	if (yaml_failed(reader->yaml))
		return;
	if (event->kind != YAML_MAPPING ||
	    !blackbox_take_section(reader, keys, COUNT(keys), reader->all))
		buf_text(yaml_error(reader->yaml, event->line > 0 ? event->line : 1, 1),
			 "no file of modules; allowed is the key modules:\n");
	else if (!yaml_failed(reader->yaml) &&
		 yaml_next(reader->yaml)->kind != YAML_END)
		buf_text(yaml_error(reader->yaml, event->line, event->column),
			 "a second document; allowed is one in a file\n");
}

struct blackbox *blackbox_parse(const char *text, size_t len, const char *name,
				struct buf *errors)
{
	struct blackbox_reader reader = { .all = calloc(1, sizeof(struct blackbox)) };
	bool ok = false;
	if (reader.all != NULL)
		reader.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	if (reader.yaml != NULL) {
		take_file(&reader);
		ok = !yaml_failed(reader.yaml) && !reader.out_of_memory;
		yaml_close(reader.yaml);
	}
	if (reader.yaml == NULL || reader.out_of_memory)
		buf_printf(errors, "%s: not enough memory\n", name);
	if (ok) {
		blackbox_show_modules(reader.all, text, len);
		return reader.all;
	}
	blackbox_free(reader.all);
	return NULL;
}

void blackbox_free(struct blackbox *all)
{
	if (all == NULL)
		return;
	blackbox_forget_runs(all);
	for (size_t i = 0; i < all->count; i++) {
		free(all->modules[i]->shown);
		dialogue_steps_free(all->modules[i]->query_response);
		blackbox_unprepare(all->modules[i]);
	}
	for (size_t i = 0; i < all->owned_count; i++)
		free(all->owned[i]);
	free(all->owned);
	free(all);
}
