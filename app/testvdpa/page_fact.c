/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Theory of operation: facts are asked for when the page is written, so nothing has to be handed
 * through the program for it. The command line is the kernel's, whose words end with a zero each;
 * blanks are put between them, so a word with a blank in it cannot be told from two.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <rte_version.h>

#include "device.h"
#include "page_fact.h"

void
page_facts_add(struct page_facts *facts, const char *name, const char *fmt, ...)
{
	char *value = facts->values[facts->nb];
	va_list ap;

	if (facts->nb == PAGE_FACTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(value, PAGE_FACT_LEN, fmt, ap);
	va_end(ap);
	facts->facts[facts->nb++] = (struct page_fact){ name, value };
}

void
page_facts_device(struct page_facts *facts, const char *device)
{
	struct device_info info;

	if (device_info(device, &info) != 0 || info.driver[0] == '\0')
		page_facts_add(facts, "device", "%s", device);
	else
		page_facts_add(facts, "device", "%s, driver %s%s%s", device, info.driver,
				info.devargs[0] != '\0' ? ", arguments " : "", info.devargs);
}

static void
page_facts_command_line(struct page_facts *facts)
{
	char line[PAGE_FACT_LEN];
	FILE *file = fopen("/proc/self/cmdline", "r");
	size_t len;

	if (file == NULL)
		return;
	len = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	while (len > 0 && line[len - 1] == '\0')
		len--;
	line[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\0')
			line[i] = ' ';
	page_facts_add(facts, "command line", "%s", line);
}

void
page_facts_program(struct page_facts *facts, time_t when)
{
	struct utsname host;
	struct tm tm;
	char date[64];

	page_facts_add(facts, "DPDK", "%s", rte_version());
	if (uname(&host) == 0)
		page_facts_add(facts, "machine", "%s, %s %s, %s", host.nodename, host.sysname,
				host.release, host.machine);
	if (gmtime_r(&when, &tm) != NULL && strftime(date, sizeof(date), "%F %T UTC", &tm) != 0)
		page_facts_add(facts, "date", "%s", date);
	page_facts_command_line(facts);
}
