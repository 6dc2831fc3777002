/*
 * top_screen.h: what the files that draw the full screen share.
 *
 * Whatever the size of the terminal, nothing is written beyond it; whatever the wire
 * said, only printable ASCII is.
 */
#pragma once

#include <ncurses.h>

#include "cli/top.h"

attr_t screen_attribute(const struct top *top, enum tone tone);

/* Clipped to the screen; returns the column behind the text. */
int screen_put(int y, int x, attr_t attributes, const char *text);
void screen_fill(int y, attr_t attributes);

/* How much of a text goes into a line: up to the last blank that fits, if there is
 * one. */
size_t screen_fit(const char *text, size_t len, size_t room);

/* Lines at the top; each returns nothing and takes one line. */
void head_draw_posture(const struct top *top, int y);
void head_draw_rates(const struct top *top, int y);
void head_draw_tabs(const struct top *top, int y);

/* In place of the list, from that line to the last but one. */
void overlay_draw_page(struct top *top, int y);
void overlay_draw_sort(struct top *top, int y);
