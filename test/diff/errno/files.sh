# SPDX-License-Identifier: MIT OR Apache-2.0
# The message for each thing that can be wrong with a name.
cat nothing; cat .; cat nothing/x; echo x >f; cat f/x; ls f/; cat ''; mkdir f
mkdir d; mkdir d; mkdir no/d
rmdir f; rmdir nothing; touch d/x; rmdir d; rm d; rm nothing; rm -r .; rmdir .
rmdir d/..; rmdir /
mv nothing y; mv d d/e; ln f d; ln f f; ln -s x f; cp d e; echo x >d; echo x >no/f
cd f; cd nothing; mkdir ''; rm ''
unlink d; unlink nothing; mkfifo f; mknod d p; truncate -s 5 d; chmod 600 nothing
chown 0 nothing; touch no/x; stat nothing; readlink -f nothing/x; echo $?
