/*
 * selection.c: see selection.h.
 */
#include "limit/selection.h"

#include <stdio.h>
#include <string.h>

#include "base/stars.h"

/* ---- what a record is about ---- */

static bool is_text(enum field_type type)
{
	return type == TYPE_word || type == TYPE_text32 || type == TYPE_text64 ||
	       type == TYPE_text256;
}

static const struct field *text_field(enum record_kind kind, const char *name)
{
	const struct field *field = record_field(kind, name);
	return field != NULL && is_text(field->type) ? field : NULL;
}

static const struct field *field_of(enum record_kind kind, const char *name,
				    const char *other, enum field_type type)
{
	const struct field *field = record_field(kind, name);
	if (field == NULL)
		field = record_field(kind, other);
	return field != NULL && field->type == type ? field : NULL;
}

void limit_places_find(enum record_kind kind, struct limit_places *out)
{
	*out = (struct limit_places){
		.ip = field_of(kind, "server_ip", "ip", TYPE_addr),
		.port = field_of(kind, "port", "server_port", TYPE_u32),
		.netns = field_of(kind, "netns", "netns", TYPE_u64),
		.transport = text_field(kind, "transport"),
		.service = text_field(kind, "service"),
		.protocol = text_field(kind, "protocol"),
		.target = text_field(kind, "target"),
	};
}

static const char *text_at(const struct field *field, const void *record)
{
	if (field == NULL)
		return "";
	const char *at = (const char *)record + field->offset;
	if (field->type != TYPE_word)
		return at;
	const char *word;
	memcpy(&word, at, sizeof(word));
	return word != NULL ? word : "";
}

void limit_subject_of(const struct limit_places *places, const void *record,
		      struct limit_subject *out)
{
	const char *at = record;
	out->ip = addr_unset();
	out->port = UNKNOWN_U32;
	out->netns = UNKNOWN_U64;
	if (places->ip != NULL)
		memcpy(&out->ip, at + places->ip->offset, sizeof(out->ip));
	if (places->port != NULL)
		memcpy(&out->port, at + places->port->offset, sizeof(out->port));
	if (places->netns != NULL)
		memcpy(&out->netns, at + places->netns->offset, sizeof(out->netns));
	out->transport = text_at(places->transport, record);
	out->service = text_at(places->service, record);
	out->protocol = text_at(places->protocol, record);
	out->target = text_at(places->target, record);
}

static void put_service(const struct limit_subject *subject, char out[LIMIT_TARGET_MAX])
{
	char address[ADDR_TEXT_MAX], netns[48] = "";
	bool is_v4 = addr_is_v4(&subject->ip);
	addr_text(&subject->ip, address);
	if (subject->netns != UNKNOWN_U64)
		snprintf(netns, sizeof(netns), " (network namespace %llu)",
			 (unsigned long long)subject->netns);
	snprintf(out, LIMIT_TARGET_MAX, "%s%s%s:%u%s%s%s", is_v4 ? "" : "[", address,
		 is_v4 ? "" : "]", subject->port,
		 subject->transport[0] != '\0' ? "/" : "", subject->transport, netns);
}

void limit_subject_text(const struct limit_subject *subject, char out[LIMIT_TARGET_MAX])
{
	if (subject->target[0] != '\0')
		record_text(out, LIMIT_TARGET_MAX, subject->target);
	else if (addr_is_unset(&subject->ip))
		record_text(out, LIMIT_TARGET_MAX, "breakwater");
	else if (subject->port == UNKNOWN_U32)
		addr_text(&subject->ip, out);
	else
		put_service(subject, out);
}

/* ---- selecting ---- */

static bool holds_port(const struct limit_selection *selection,
		       const struct limit_subject *subject)
{
	bool is_udp = strcmp(subject->transport, "udp") == 0;
	for (size_t i = 0; i < selection->ports_count; i++) {
		const struct port_range *range = &selection->ports[i];
		if (range->is_udp == is_udp && subject->port >= range->first &&
		    subject->port <= range->last)
			return true;
	}
	return selection->ports_count == 0;
}

static bool holds_host(const struct limit_selection *selection,
		       const struct limit_subject *subject)
{
	for (size_t i = 0; i < selection->hosts_count; i++)
		if (prefix_holds(&selection->hosts[i], &subject->ip))
			return true;
	return selection->hosts_count == 0;
}

static bool holds_word(const char words[][SELECTION_WORD], size_t count,
		       const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return count == 0;
}

static bool holds_target(const struct limit_selection *selection,
			 const struct limit_subject *subject)
{
	for (size_t i = 0; i < selection->targets_count; i++)
		if (stars_match(selection->targets[i], subject->target, '\0'))
			return true;
	return selection->targets_count == 0;
}

static bool has_tag(const struct limit_world *world,
		    const struct limit_subject *subject, const char *name)
{
	for (size_t i = 0; i < world->tag_count; i++)
		if (strcmp(world->tags[i].name, name) == 0 &&
		    limit_selection_holds(&world->tags[i].selection, world, subject))
			return true;
	return false;
}

static bool holds_tag(const struct limit_selection *selection,
		      const struct limit_world *world,
		      const struct limit_subject *subject)
{
	for (size_t i = 0; i < selection->tags_count; i++)
		if (has_tag(world, subject, selection->tags[i]))
			return true;
	return selection->tags_count == 0;
}

static bool is_ours(const struct limit_world *world,
		    const struct limit_subject *subject)
{
	return addr_is_unset(&subject->ip) || addr_is_unspecified(&subject->ip) ||
	       (world->home != NULL && home_holds(world->home, &subject->ip));
}

/* The cheapest first: most records are told apart by their port. */
bool limit_selection_holds(const struct limit_selection *selection,
			   const struct limit_world *world,
			   const struct limit_subject *subject)
{
	return holds_port(selection, subject) &&
	       holds_word(selection->services, selection->services_count,
			  subject->service) &&
	       holds_word(selection->protocols, selection->protocols_count,
			  subject->protocol) &&
	       holds_host(selection, subject) && holds_target(selection, subject) &&
	       (!selection->only_home || is_ours(world, subject)) &&
	       holds_tag(selection, world, subject);
}

/* One name may have several selections. */
static bool is_listed(const struct limit_world *world, size_t before,
		      const struct limit_subject *subject)
{
	const char *name = world->tags[before].name;
	for (size_t i = 0; i < before; i++)
		if (strcmp(world->tags[i].name, name) == 0 &&
		    limit_selection_holds(&world->tags[i].selection, world, subject))
			return true;
	return false;
}

void limit_tags_text(const struct limit_world *world,
		     const struct limit_subject *subject, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < world->tag_count; i++) {
		const struct limit_tag *tag = &world->tags[i];
		size_t more = strlen(tag->name) + (len > 0);
		if (len + more >= size ||
		    !limit_selection_holds(&tag->selection, world, subject) ||
		    is_listed(world, i, subject))
			continue;
		snprintf(out + len, size - len, "%s%s", len > 0 ? "," : "", tag->name);
		len += more;
	}
}
