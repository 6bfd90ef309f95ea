/*
 * Control groups of the test's own, of either version. They go at the test's end whatever it is;
 * what is still in one is killed.
 */
#ifndef ORDEAL_TESTS_GROUP_H
#define ORDEAL_TESTS_GROUP_H

#include "harness.h"

/* A new group beside ours in the hierarchy of this controller ("cpu", "memory"); skips the test
 * where it may not be made. */
const char *group_make(const char *controller);
/* Writes the first of these files that is there (v1 and v2 call them differently); false where none
 * is. */
bool group_set(const char *group, const char *v1_file, const char *v2_file, const char *value);
/* As much CPU time as it wants, before all other work on this machine, which must not be what is
 * measured; shared with a group of ours that we go into, and what we start with us. */
void group_favour(const char *group);
void group_join(const char *group, pid_t pid);
bool group_holds(const char *group, pid_t pid);

/* A busy process, pinned to the CPU, in the group; a target is made of it for place_of. */
void group_busy(const char *group, int cpu, struct target *ret);

/* The child of the holder that carries the effect (comm "ordeal-" and hexadecimal digits), the
 * n-th; 0: none. */
pid_t effect_child(unsigned n);
/* CPU time of a process by its schedstat, brought up to date first. */
uint64_t cpu_ns(pid_t pid);

#endif
