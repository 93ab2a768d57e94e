/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_check check
 * @{ @ingroup rmobike
 *
 * What our tests use of libcheck, in terms of strongSwan's own test framework,
 * which has some of it.
 */

#ifndef RMOBIKE_CHECK_H_
#define RMOBIKE_CHECK_H_

#include <test_suite.h>

/* Our tests use these words, the framework's are not needed */
#undef fail
#undef warn

/** Compare two numbers */
#define check_numbers(type, fmt, a, op, b) \
({ \
	type _a = (type)(a), _b = (type)(b); \
	test_assert_msg(_a op _b, #a " " #op " " #b " (" fmt ", " fmt ")", _a, \
					_b); \
})

#define ck_assert_int(a, op, b) check_numbers(long long, "%lld", a, op, b)
#define ck_assert_uint(a, op, b) \
	check_numbers(unsigned long long, "%llu", a, op, b)

#define ck_assert_int_ne(a, b) ck_assert_int(a, !=, b)
#define ck_assert_int_lt(a, b) ck_assert_int(a, <, b)
#define ck_assert_int_le(a, b) ck_assert_int(a, <=, b)
#define ck_assert_int_ge(a, b) ck_assert_int(a, >=, b)
#define ck_assert_uint_eq(a, b) ck_assert_uint(a, ==, b)
#define ck_assert_uint_ne(a, b) ck_assert_uint(a, !=, b)
#define ck_assert_uint_lt(a, b) ck_assert_uint(a, <, b)
#define ck_assert_uint_le(a, b) ck_assert_uint(a, <=, b)
#define ck_assert_uint_gt(a, b) ck_assert_uint(a, >, b)
#define ck_assert_uint_ge(a, b) ck_assert_uint(a, >=, b)
#define ck_assert_ptr_eq(a, b) test_assert((void*)(a) == (void*)(b))
#define ck_assert_mem_eq(a, b, len) test_assert(memeq(a, b, len))
#define ck_assert_str_ne(a, b) test_assert(!streq(a, b))
/* Strings may be constant */
#undef ck_assert_str_eq
#define ck_assert_str_eq(a, b) \
({ \
	const char *_a = (a), *_b = (b); \
	test_assert_msg(streq(_a, _b), #a " != " #b " (\"%s\", \"%s\")", _a, _b); \
})
#define ck_abort_msg(fmt, ...) \
	test_fail_msg(__FILE__, __LINE__, fmt, ##__VA_ARGS__)

/* The framework's fixtures get the number of a loop */
#undef tcase_add_checked_fixture
#define tcase_add_checked_fixture(tcase, setup, teardown) \
	test_case_add_checked_fixture(tcase, (test_fixture_cb_t)(setup), \
								  (test_fixture_cb_t)(teardown))

#endif /** RMOBIKE_CHECK_H_ @}*/
