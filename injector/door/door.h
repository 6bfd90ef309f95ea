/*
 * The door: requests of people who are not root, through a socket that systemd listens on and
 * starts one injector for each connection of. Who they are the kernel says; what they may is
 * root's policy.
 */
#ifndef ORDEAL_DOOR_DOOR_H
#define ORDEAL_DOOR_DOOR_H

#include "injector/lease/serve.h"

/* The one there is; path (borrowed) is the policy's. */
const struct inj_door *door_at(const char *path);

#endif
