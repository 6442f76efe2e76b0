# SPDX-License-Identifier: MIT OR Apache-2.0
# A here-document larger than a pipe does not block its writer.
text=$(seq 1 20000)
wc <<END
$text
END
cat <<END | md5sum
$text
$text
$text
END
while read a; do last=$a; done <<END
$(seq 1 3000)
END
echo $last
