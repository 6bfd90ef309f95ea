/* Memory that a lease no longer needs once it is armed. */
#ifndef ORDEAL_LEASE_TRIM_H
#define ORDEAL_LEASE_TRIM_H

/*
 * Gives back the pages of programs and libraries that were mapped while the lease was made: reading
 * the request, building the filter, and, by the kernel's habit of mapping sixteen pages around each
 * that is touched, their neighbours. What is needed again is mapped again from the page cache, at
 * less than a microsecond a time. They were half of what a waiting holder takes.
 */
void inj_trim(void);

#endif
