/* The life of a fault that is one table which loses packets: net.loss and net.partition. */
#ifndef ORDEAL_HOST_NET_CUT_H
#define ORDEAL_HOST_NET_CUT_H

#include "engines/cut.h"
#include "net.h"

int net_cut_check(struct inj_step *step, uint32_t ppm, bool reject, json_t *undo, json_t *report,
		  struct ord_err *err);
int net_cut_inject(struct inj_step *step, struct ord_err *err);
int net_cut_change(struct inj_step *step, struct ord_err *err);
void net_cut_figures(struct inj_step *step, json_t *figures);
int net_cut_end(struct inj_step *step, struct ord_err *err);
void net_cut_done(struct inj_step *step);
int net_cut_available(const char **ret_engine, struct ord_err *err);

#endif
