/*
 * port_list.h: ports as nmap writes them: "22,80,1000-1010".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Writes ascending ports, ended by a NUL; those that don't fit are left out, the
 * highest first.
 */
void port_list_text(const uint16_t *ports, size_t count, char *out, size_t size);
