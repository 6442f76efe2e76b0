# SPDX-License-Identifier: MIT OR Apache-2.0
# Links to directories in the middle and at the end of a path.
mkdir -p real/sub; echo x >real/sub/f; ln -s real d; ln -s real/sub s
cat d/sub/f s/f; ls d/ ; ls -d d
cd s; pwd | sed 's,.*/,,'; pwd -P | sed 's,.*/,,'; ls ..; cd ..; ls | tr '\n' ' '; echo
cd -P s; cd ..; pwd | sed 's,.*/,,'; cd ..
(cd d/sub/.. ; pwd -P | sed 's,.*/,,')
cat d/sub/../sub/f; cat s/../sub/f
rmdir d; rm d/ 2>/dev/null; echo $?; rm d; ls
ln -s real new; ln -s x new; ls real; ln -sfn elsewhere new; readlink new
mkdir s/made; ls real/sub; touch nolink/ 2>/dev/null; echo $?; cat real/sub/f/ ; echo $?
ln -s real/sub/f tofile; cat tofile/; echo $?
