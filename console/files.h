/* The table of files, made by CMake. */
#ifndef ORDEAL_CONSOLE_FILES_H
#define ORDEAL_CONSOLE_FILES_H

#include "ordeal/console.h"

extern const struct ord_console_file console_files[];
extern const size_t n_console_files;

#endif
