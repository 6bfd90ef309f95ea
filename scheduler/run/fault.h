/* What fault.c does to one fault, for faults.c. */
#ifndef ORDEAL_RUN_FAULT_H
#define ORDEAL_RUN_FAULT_H

#include "scheduler/run/machine.h"

/* Its timer, at an instant of CLOCK_MONOTONIC; what is due then follows from its state. */
void run_fault_arm(struct run_fault *f, uint64_t at_ns);
void run_fault_disarm(struct run_fault *f);
int run_fault_on_timer(sd_event_source *source, uint64_t usec, void *arg);
/* Starts its holder and asks for the fault; one that cannot be started fails the run. */
void run_fault_start(struct run_fault *f);
void run_fault_ask_end(struct run_fault *f);
/* Nothing more is to be heard of it. */
void run_fault_over(struct run_fault *f);
/* From now on its holder, which is there already, is heard. */
int run_fault_watch(struct run_fault *f, struct ord_err *err);
/* Its parameters as they are asked for now: with the addresses that its names have, and without the
 * caller. */
int run_fault_args(struct run_fault *f, struct ord_err *err);
/* Asks a holder on another machine for a sign of life. */
void run_fault_beat(struct run_fault *f);
/* Takes in what its holder has said by now. */
void run_fault_hear(struct run_fault *f);

#endif
