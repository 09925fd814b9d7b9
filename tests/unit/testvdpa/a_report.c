/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "a_report.h"

int
a_report_setup(void **state)
{
	*state = calloc(1, sizeof(struct scenario_report));
	return *state != NULL ? 0 : -1;
}

int
a_report_teardown(void **state)
{
	scenario_report_clear(*state);
	free(*state);
	return 0;
}
