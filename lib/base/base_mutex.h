/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * A mutex that clang can reason about. Members say which mutex guards them
 * (BASE_GUARDED_BY(lock)), functions say which mutex they need (BASE_REQUIRES(lock), name ends in
 * _locked), and clang's -Wthread-safety checks it. With other compilers the marks vanish.
 */
#ifndef BASE_MUTEX_H
#define BASE_MUTEX_H

#include <pthread.h>

#if defined(__clang__)
#define BASE_TSA(x) __attribute__((x))
#else
#define BASE_TSA(x)
#endif

#define BASE_CAPABILITY(name) BASE_TSA(capability(name))
/* In C a member's mark cannot name another member, except with clang 20 and
 * -fexperimental-late-parse-attributes: who compiles so defines BASE_TSA_MEMBERS. For all others
 * these two are for the reader. */
#if defined(BASE_TSA_MEMBERS)
#define BASE_GUARDED_BY(lock) BASE_TSA(guarded_by(lock))
#define BASE_PT_GUARDED_BY(lock) BASE_TSA(pt_guarded_by(lock))
#else
#define BASE_GUARDED_BY(lock)
#define BASE_PT_GUARDED_BY(lock)
#endif
#define BASE_REQUIRES(...) BASE_TSA(requires_capability(__VA_ARGS__))
#define BASE_ACQUIRE(...) BASE_TSA(acquire_capability(__VA_ARGS__))
#define BASE_RELEASE(...) BASE_TSA(release_capability(__VA_ARGS__))
#define BASE_EXCLUDES(...) BASE_TSA(locks_excluded(__VA_ARGS__))
#define BASE_NO_TSA BASE_TSA(no_thread_safety_analysis)

struct BASE_CAPABILITY("mutex") base_mutex {
	pthread_mutex_t m;
};

#define BASE_MUTEX_INITIALIZER            \
	{                                 \
		PTHREAD_MUTEX_INITIALIZER \
	}

static inline void
base_mutex_init(struct base_mutex *mutex)
{
	pthread_mutex_init(&mutex->m, NULL);
}

static inline void
base_mutex_destroy(struct base_mutex *mutex)
{
	pthread_mutex_destroy(&mutex->m);
}

static inline void
base_mutex_lock(struct base_mutex *mutex) BASE_ACQUIRE(mutex) BASE_NO_TSA
{
	pthread_mutex_lock(&mutex->m);
}

static inline void
base_mutex_unlock(struct base_mutex *mutex) BASE_RELEASE(mutex) BASE_NO_TSA
{
	pthread_mutex_unlock(&mutex->m);
}

#endif /* BASE_MUTEX_H */
