# SPDX-License-Identifier: MIT OR Apache-2.0
# The working directory, PWD, OLDPWD and cd in all its forms.
mkdir -p a/b; here=$PWD; cd a; cd b; echo ${PWD#$here}; cd -  | sed "s,$here,,"
echo ${OLDPWD#$here}; cd; pwd; cd "$here/a/b/.."; echo ${PWD#$here}; cd .; cd ./b
echo ${PWD#$here}; (cd ..; echo ${PWD#$here}); echo ${PWD#$here}
CDPATH=$here; cd a | sed "s,$here,,"; unset CDPATH; cd nothing; echo $?; cd /; pwd
cd //; cd ..; pwd; cd ../../..; pwd; cd /proc/self/..; pwd -P; cd "$here"
chroot . /nothing; echo $?; mkdir -p r/bin; cp /proc/self/exe r/bin/busybox
chmod 755 r/bin/busybox; chroot r /bin/busybox ls /
chroot r /bin/busybox sh -c 'cd /..; pwd; cd bin; pwd; ls ../..; cat /etc/passwd'
echo $?
