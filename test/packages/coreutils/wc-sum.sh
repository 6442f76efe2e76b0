# SPDX-License-Identifier: MIT OR Apache-2.0
# wc and all the checksums, made and checked.
seq 1 5000 >in; printf 'two words\n\n' >t; wc in t; wc -L t; wc -m t
for s in cksum sum md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum; do $s in; done
sha256sum in t >sums; sha256sum -c sums; echo x >>t; sha256sum -c sums 2>&1; echo $?; md5sum --tag in
cksum -a sm3 in; base64 t; base32 t; basenc --base16 t; base64 t | base64 -d | cmp - t && echo same
