/* Who is asked whether enough repetitions were run, in a thread: a long timeline takes a while to
 * read, and probes do not wait. */
#ifndef ORDEAL_RUN_JUDGE_H
#define ORDEAL_RUN_JUDGE_H

struct run_judge;

/* Waits for it; NULL is fine. */
void run_judge_free(struct run_judge *j);

#endif
