/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_test_locks rmobike_test_locks
 * @{ @ingroup rmobike_unit_tests
 *
 * The rule of locks, see docs/design.md: no lock of ours is held while anything
 * else is called that may lock. The linker has the plugin's mutex_create() end
 * up here (--wrap), so each test program ends if the rule is broken.
 */

#ifndef LOCKS_H_
#define LOCKS_H_

/**
 * End the program if this thread holds a lock of ours.
 *
 * @param what			what must not be called then
 */
void locks_assert_none(const char *what);

#endif /** LOCKS_H_ @}*/
