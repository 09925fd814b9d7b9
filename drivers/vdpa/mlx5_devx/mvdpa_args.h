/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Device arguments ("-a 0000:03:00.2,class=vdpa,resume_index=used"). Pure but for the log.
 */
#ifndef MVDPA_ARGS_H
#define MVDPA_ARGS_H

#include <stdbool.h>

#include "base_log.h"
#include "mvdpa_index.h"

struct mvdpa_args {
	enum mvdpa_index_policy resume_index;
};

/** Does @p args (may be NULL) ask for this kind of driver: class=vdpa? */
bool mvdpa_args_want(const char *args);
/** For RTE_PMD_REGISTER_PARAM_STRING: what the parser knows. */
#define MVDPA_ARGS_USAGE "class=vdpa resume_index=<used|saved>"
/** @return 0; -EINVAL unknown key or bad value, logged with what would be right. */
int mvdpa_args_parse(const char *args, const struct base_log *log, struct mvdpa_args *out);

#endif /* MVDPA_ARGS_H */
