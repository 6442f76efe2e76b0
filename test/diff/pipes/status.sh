# SPDX-License-Identifier: MIT OR Apache-2.0
# The status of a pipeline, with and without pipefail, and inverted.
false | true; echo $?
true | false; echo $?
! true | false; echo $?
set -o pipefail
false | true; echo $?
(exit 3) | (exit 4) | true; echo $?
true | true; echo $?
sh -c 'kill -KILL $$' | cat
echo $?
