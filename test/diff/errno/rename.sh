# SPDX-License-Identifier: MIT OR Apache-2.0
# Every refusal of rename, link and unlink.
mkdir d e; touch f e/x; mv f d/; mv d/f f; mv -T d f; mv -T f d; mv -T d e
mv -T e d; ls d; mv d d/sub; mv . x; mv x/y z; mv f nodir/f; mv f /proc/f; echo $?
ls
ln d hard; ln f /proc/f; ln nothing hard; ln -s a f; link f g; link f g; unlink g
unlink g; ln f f2; mv f f2; ls; mv d/ newd; ls; mv f newd/x/; echo $?; rm -r newd/x/
ls newd; rm newd
