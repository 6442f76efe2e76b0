/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* lwIP names it, and uses nothing of it without debugging. */
