# SPDX-License-Identifier: MIT OR Apache-2.0
# Compressors give back what they took.
seq 1 30000 >in; s=$(md5sum <in)
gzip -c in >in.gz; [ "$(gunzip -c in.gz | md5sum)" = "$s" ] && echo gzip
bzip2 -c in >in.bz2; [ "$(bunzip2 -c in.bz2 | md5sum)" = "$s" ] && echo bzip2
rm in.gz; gzip in; ls; gunzip in.gz; ls
[ "$(md5sum <in)" = "$s" ] && echo back
echo garbage >bad.gz; gunzip -c bad.gz 2>/dev/null; echo $?
head -c 1000 in.bz2 | bunzip2 >/dev/null 2>&1; [ $? != 0 ] && echo truncated is noticed
base64 in | base64 -d | cmp - in && echo base64
uuencode -m in in | uudecode -o out; cmp in out && echo uuencode
printf 'abc' | base64
