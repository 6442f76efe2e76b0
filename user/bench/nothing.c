/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* nothing: the smallest static program, for callbench to execute. */
int main(void)
{
	return 0;
}
