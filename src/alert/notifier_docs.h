/*
 * notifier_docs.h: the table of docs/alerts.md.
 */
#pragma once

struct buf;

/* Appends each notifier with its options. */
void notifier_docs(struct buf *page);
