/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Two sockets in a folder of their own, at which stand-in back-ends (fake_back.h) serve, for tests of
 * guests. One thread.
 */
#ifndef BACKS_H
#define BACKS_H

#include "fake_back.h"

#define BACKS_NB 2u

/** Listens at both; nobody serves yet. */
void backs_begin(void);
/** The path of socket @p at. */
const char *backs_path(unsigned int at);
/** Another back-end serves there from now on; the descriptors of @p attr are set here. */
void backs_serve(unsigned int at, struct fake_back_attr attr);
/** Ends all; the guests are gone. @return 0, or not if the folder does not go. */
int backs_end(void);

#endif /* BACKS_H */
