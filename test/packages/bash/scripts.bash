# SPDX-License-Identifier: MIT OR Apache-2.0
# Interpreter lines, their arguments, source, exec, missing interpreters.
printf '#!/bin/bash -u\necho "$0|$1|$#"; echo "$undefined"\n' >s; chmod +x s; ./s x y 2>/dev/null; echo $?
printf '#!/usr/bin/env bash\necho env "$@"\n' >e; chmod +x e; ./e 1 2; printf 'echo plain $1\n' >p; chmod +x p; ./p 3
printf '#!/no/such\n' >n; chmod +x n; ./n 2>&1 | sed 's/.*: //'; printf 'return 4' >r; . ./r; echo $?
printf '#!/usr/bin/sed 1d\nkept\n' >d; chmod +x d; ./d; cp /bin/true t; chmod -x t; (exec ./t) 2>&1 | sed 's/.*: //'
(exec -a name bash -c 'echo $0'); (exec sh -c 'echo replaced; exit 6'); echo $?; printf '\177ELF' >b; chmod +x b; ./b 2>&1 | sed 's/.*: //'
