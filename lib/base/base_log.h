/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Logging for the libraries: where a message goes is decided by whoever creates an object, and is
 * handed down as a struct base_log. Nothing here is global; the DPDK driver hands in rte_log, the
 * emulated card its own file, a test its own buffer.
 *
 * Rule of the house: a message is logged once, where the cause is known, with the object's name.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum base_log_level {
	BASE_LOG_ERR,
	BASE_LOG_WARN,
	BASE_LOG_NOTICE,
	BASE_LOG_INFO,
	BASE_LOG_DEBUG,
};

/** A place for messages. Thread-safe if @c write is. */
struct base_log {
	enum base_log_level level; /**< messages above this level are not formatted */
	/** Gets one whole message without a newline; @p msg is valid during the call only. */
	void (*write)(void *arg, enum base_log_level level, const char *msg);
	void *arg; /**< for @c write */
};

/** Formats and hands over one message; @p log may be NULL (nothing is logged). */
void base_log_write(const struct base_log *log, enum base_log_level level, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/** Name of a level, "error" for example; never NULL. */
const char *base_log_level_name(enum base_log_level level);

#define base_err(log, ...) base_log_write((log), BASE_LOG_ERR, __VA_ARGS__)
#define base_warn(log, ...) base_log_write((log), BASE_LOG_WARN, __VA_ARGS__)
#define base_notice(log, ...) base_log_write((log), BASE_LOG_NOTICE, __VA_ARGS__)
#define base_info(log, ...) base_log_write((log), BASE_LOG_INFO, __VA_ARGS__)
#define base_dbg(log, ...) base_log_write((log), BASE_LOG_DEBUG, __VA_ARGS__)

#endif /* BASE_LOG_H */
