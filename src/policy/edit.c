/*
 * edit.c: one entry more or less in the text of a register, or its next review; see
 * policy.h.
 *
 * People write the file and keep comments in it, so it is changed as text, by whole
 * lines, and then read: a register that is written in a way that this does not fit is
 * refused as any other that is wrong, and nothing is changed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/entry.h"

/* ---- lines ---- */

struct line {
	const char *at;
	size_t len; /* with its newline */
};

/* The one that begins there; empty at the end of the text. */
static struct line line_from(const struct buf *text, const char *at)
{
	const char *end = text->at + text->len;
	const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
	return (struct line){ at,
			      (size_t)((newline != NULL ? newline + 1 : end) - at) };
}

static struct line line_after(const struct buf *text, const struct line *line)
{
	return line_from(text, line->at + line->len);
}

/* From 1. */
static struct line line_at(const struct buf *text, size_t number)
{
	struct line line = line_from(text, text->at);
	for (size_t i = 1; i < number && line.len > 0; i++)
		line = line_after(text, &line);
	return line;
}

static size_t indent_of(const struct line *line)
{
	size_t indent = 0;
	while (indent < line->len && line->at[indent] == ' ')
		indent++;
	return indent;
}

/* Nothing, or a comment: it may belong to what follows. */
static bool is_remark(const struct line *line)
{
	size_t indent = indent_of(line);
	return indent == line->len || strchr("#\r\n", line->at[indent]) != NULL;
}

/* "- port: 22" on a line of its own. */
static bool is_dash(const struct line *line)
{
	size_t indent = indent_of(line);
	return indent + 1 < line->len && line->at[indent] == '-';
}

/* The line of "ports:"; empty: there is none. */
static struct line ports_line(const struct buf *text)
{
	static const char word[] = "ports:";
	struct line line = line_from(text, text->at);
	while (line.len > 0 && (line.len < sizeof(word) - 1 ||
				memcmp(line.at, word, sizeof(word) - 1) != 0))
		line = line_after(text, &line);
	return line;
}

/* The text with the line of "ports:" saying something else. */
static bool put_ports_line(const struct buf *text, const char *instead, struct buf *out)
{
	struct line line = ports_line(text);
	if (line.len == 0)
		return false;
	buf_add(out, text->at, (size_t)(line.at - text->at));
	buf_text(out, instead);
	buf_add(out, line.at + line.len,
		(size_t)(text->at + text->len - line.at) - line.len);
	return true;
}

/* ---- one more ---- */

static void put_key(struct buf *out, size_t indent, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_printf(out, "%*s%s: \"", (int)indent, "", name);
	buf_json_text(out, value);
	buf_text(out, "\"\n");
}

static void put_entry(struct buf *out, size_t indent,
		      const struct policy_entry_text *entry)
{
	buf_printf(out, "\n%*s- port: \"", (int)indent, "");
	buf_json_text(out, entry->port);
	buf_text(out, "\"\n");
	put_key(out, indent + 2, "transport", entry->transport);
	char exe[ENTRY_TEXT_MAX + 1] = "";
	if (entry->exe != NULL)
		snprintf(exe, sizeof(exe), "%s", entry->exe);
	entry_without_deleted(exe);
	put_key(out, indent + 2, "exe", exe);
	put_key(out, indent + 2, "owner", entry->owner);
	put_key(out, indent + 2, "reason", entry->reason);
	put_key(out, indent + 2, "approver", entry->approver);
	put_key(out, indent + 2, "expires", entry->expires);
}

/* Whether the new text is a register with so many entries. */
static int check(const struct buf *out, size_t count, struct buf *message)
{
	if (!buf_ok(out))
		return -ENOMEM;
	struct policy *policy = policy_parse(out->at, out->len, "policy", message);
	if (policy == NULL)
		return -EINVAL;
	size_t has = policy_count(policy);
	policy_free(policy);
	if (has == count)
		return 0;
	buf_text(message, "the register is not written as a list of lines that begin "
			  "with \"- \"; change its file, and apply that");
	return -EINVAL;
}

/* Of the entry that is first in the file. */
static size_t first_line(const struct policy *policy)
{
	size_t first = SIZE_MAX;
	for (size_t i = 0; i < policy->count; i++)
		if (policy->entries[i].line < first)
			first = policy->entries[i].line;
	return first;
}

int policy_text_add(const struct policy *policy, const struct buf *text,
		    const struct policy_entry_text *entry, struct buf *out,
		    struct buf *message)
{
	enum { INDENT_USUAL = 2 };
	size_t indent = INDENT_USUAL;
	if (policy->count > 0) {
		struct line line = line_at(text, first_line(policy));
		indent = indent_of(&line);
		buf_add(out, text->at, text->len);
	} else if (!put_ports_line(text, "ports:\n", out)) {
		buf_text(message, "the register has no line that begins with ports:");
		return -EINVAL;
	}
	if (out->len > 0 && out->at[out->len - 1] != '\n')
		buf_char(out, '\n');
	put_entry(out, indent, entry);
	return check(out, policy->count + 1, message);
}

/* ---- one less ---- */

/* Exactly that port, or range, as it is written. */
static bool is_meant(const struct entry *entry, const struct policy_entry_text *wanted,
		     size_t line)
{
	struct buf port = { 0 };
	if (line != 0 && entry->line != line)
		return false;
	entry_say_port(&port, entry); /* "22/tcp" */
	buf_char(&port, '\0');
	size_t len = buf_ok(&port) ? strcspn(port.at, "/") : 0;
	bool same = len == strlen(wanted->port) &&
		    memcmp(port.at, wanted->port, len) == 0 &&
		    strcmp(port.at + len + 1, wanted->transport) == 0;
	buf_free(&port);
	const char *exe = entry->texts[TEXT_EXE];
	return same && (wanted->exe == NULL || wanted->exe[0] == '\0' ||
			(exe != NULL && strcmp(exe, wanted->exe) == 0));
}

static int find(const struct policy *policy, const struct policy_entry_text *wanted,
		size_t line, const struct entry **out, struct buf *message)
{
	size_t count = 0;
	for (size_t i = 0; i < policy->count; i++) {
		if (!is_meant(&policy->entries[i], wanted, line))
			continue;
		buf_printf(message, "%s%zu", count > 0 ? ", " : "in lines ",
			   policy->entries[i].line);
		*out = &policy->entries[i];
		count++;
	}
	if (count == 1) {
		buf_clear(message);
		return 0;
	}
	if (count > 1)
		buf_text(message,
			 ": several entries may be meant; say which with line=");
	else
		buf_printf(message, "the register has no entry for %s/%s", wanted->port,
			   wanted->transport);
	return count > 1 ? -EEXIST : -ENOENT;
}

/* What is indented further belongs to it; remarks do if more of it follows. */
static const char *end_of_entry(const struct buf *text, struct line line)
{
	size_t indent = indent_of(&line);
	const char *end = line.at + line.len;
	for (line = line_after(text, &line); line.len > 0;
	     line = line_after(text, &line)) {
		if (is_remark(&line))
			continue;
		if (indent_of(&line) <= indent)
			break;
		end = line.at + line.len;
	}
	return end;
}

int policy_text_remove(const struct policy *policy, const struct buf *text,
		       const struct policy_entry_text *wanted, size_t line_number,
		       struct buf *out, struct buf *message)
{
	const struct entry *entry;
	int error = find(policy, wanted, line_number, &entry, message);
	if (error != 0)
		return error;
	struct line line = line_at(text, entry->line);
	if (!is_dash(&line)) {
		buf_text(message, "the entry is not on lines of its own; change the "
				  "file, and apply that");
		return -EINVAL;
	}
	const char *end = end_of_entry(text, line);
	struct buf left = { 0 };
	buf_add(&left, text->at, (size_t)(line.at - text->at));
	buf_add(&left, end, (size_t)(text->at + text->len - end));
	if (policy->count > 1)
		buf_add(out, left.at, left.len);
	else
		put_ports_line(&left, "ports: []\n", out);
	buf_free(&left);
	return check(out, policy->count - 1, message);
}

/* ---- the next review ---- */

/* Where the first key of an entry stands: behind "- ". */
static size_t column_of_keys(const struct line *line)
{
	size_t column = indent_of(line) + 1;
	while (column < line->len && line->at[column] == ' ')
		column++;
	return column;
}

/* "review:" among the keys of the entry, on a line of its own; empty: it has none. */
static struct line review_line(const struct buf *text, struct line line,
			       const char *end)
{
	static const char word[] = "review:";
	size_t column = column_of_keys(&line);
	for (line = line_after(text, &line); line.at < end;
	     line = line_after(text, &line))
		if (indent_of(&line) == column &&
		    line.len - column >= sizeof(word) - 1 &&
		    memcmp(line.at + column, word, sizeof(word) - 1) == 0)
			return line;
	return (struct line){ end, 0 };
}

/* The text with that day as the entry's next review, instead of the one before. */
static bool put_review(const struct buf *text, const struct entry *entry,
		       const char *day, struct buf *out)
{
	struct line line = line_at(text, entry->line);
	bool has_keys_of_its_own = is_dash(&line) && column_of_keys(&line) < line.len &&
				   line.at[column_of_keys(&line)] != '{';
	if (!has_keys_of_its_own)
		return false;
	const char *end = end_of_entry(text, line);
	struct line old = review_line(text, line, end);
	buf_add(out, text->at, (size_t)(old.at - text->at));
	if (old.len == 0 && out->len > 0 && out->at[out->len - 1] != '\n')
		buf_char(out, '\n');
	put_key(out, column_of_keys(&line), "review", day);
	const char *rest = old.at + old.len;
	buf_add(out, rest, (size_t)(text->at + text->len - rest));
	return true;
}

static bool is_of_owner(const struct entry *entry, const char *owner)
{
	const char *is = entry->texts[TEXT_OWNER];
	return owner != NULL && owner[0] != '\0' && is != NULL &&
	       strcmp(is, owner) == 0;
}

/* The day to write for an entry; "": none.  False: one is needed, and not known. */
static bool day_of(const struct entry *entry, const struct policy_reviewed *reviewed,
		   const char **day)
{
	*day = "";
	if (reviewed->next != NULL && reviewed->next[0] != '\0')
		*day = reviewed->next;
	else if (entry->review_us != UNKNOWN_TIME)
		*day = reviewed->usual;
	return *day != NULL;
}

/* From the last line on, so that those of the others stay where they are. */
static const struct entry *last_before(const struct policy *policy, size_t line,
				       const char *owner)
{
	const struct entry *last = NULL;
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		if (entry->line < line && is_of_owner(entry, owner) &&
		    (last == NULL || entry->line > last->line))
			last = entry;
	}
	return last;
}

static int review_one(const struct entry *entry, const struct policy_reviewed *reviewed,
		      struct buf *text, struct buf *message)
{
	struct buf changed = { 0 };
	const char *day;
	if (!day_of(entry, reviewed, &day)) {
		buf_printf(message,
			   "the entry in line %zu has a date of its own: say when it "
			   "is to be reviewed next, as policy.review is 0",
			   entry->line);
		return -EINVAL;
	}
	if (day[0] == '\0')
		return 0;
	if (!put_review(text, entry, day, &changed)) {
		buf_free(&changed);
		buf_text(message, "the entry is not on lines of its own; change the "
				  "file, and apply that");
		return -EINVAL;
	}
	buf_free(text);
	*text = changed;
	return 0;
}

int policy_text_review(const struct policy *policy, const struct buf *text,
		       const struct policy_reviewed *reviewed, struct buf *out,
		       void (*take)(void *to, const char *id), void *to,
		       struct buf *message)
{
	const struct policy_entry_text *wanted = &reviewed->entry;
	const struct entry *entry = NULL;
	bool is_one = wanted->port != NULL;
	int error = 0;
	buf_add(out, text->at, text->len);
	if (is_one)
		error = find(policy, wanted, reviewed->line_number, &entry, message);
	else if ((entry = last_before(policy, SIZE_MAX, wanted->owner)) == NULL)
		error = -ENOENT;
	if (error != 0 && !is_one)
		buf_printf(message, "the register has no entry whose owner is %s",
			   wanted->owner != NULL ? wanted->owner : "\"\"");
	while (error == 0 && entry != NULL) {
		error = review_one(entry, reviewed, out, message);
		if (error == 0)
			take(to, entry->id);
		entry = is_one ? NULL : last_before(policy, entry->line, wanted->owner);
	}
	return error != 0 ? error : check(out, policy->count, message);
}
