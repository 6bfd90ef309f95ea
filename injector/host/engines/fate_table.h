/* A distribution of one's own, in the format of tc's *.dist files: integers between white space,
 * and lines of comment that begin with '#'. Each is as likely as the others, and says how many
 * FATE_SCALEths of the jitter a packet is late (tc-netem(8)). */
#ifndef ORDEAL_ENGINES_FATE_TABLE_H
#define ORDEAL_ENGINES_FATE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define FATE_TABLE_MAX 16384 /* entries: as many as the kernel takes */

/* Puts the entries into ret, ascending, and their number into ret_n. text needs no end. ORD_USAGE
 * names the line; ret may then hold some of them. */
int fate_table_read(const char *text, size_t size, int16_t ret[static FATE_TABLE_MAX],
		    size_t *ret_n, struct ord_err *err);

#endif
