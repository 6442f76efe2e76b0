# SPDX-License-Identifier: MIT OR Apache-2.0
# In a sticky directory only owners remove and rename.
mkdir s; chmod 1777 s; touch s/root; echo x >s/shared; chmod 666 s/shared
as() { su -s /bin/sh u1 -c "$1"; }
as 'touch s/mine s/mine2; rm s/mine; mv s/mine2 s/mine3; ls s'
as 'rm -f s/root'; as 'mv s/root s/x'; as 'echo y >>s/shared; cat s/shared'
as 'mv s/mine3 s/shared'; as 'rm -f s/shared'
chmod 777 s; as 'rm -f s/root; mv s/mine3 s/shared; ls s'
mkdir -p d/e; chmod 755 d; chmod 777 d/e; as 'rmdir d/e'
as 'touch d/e/f; ls d/e; rm -r d/e'; ls d
