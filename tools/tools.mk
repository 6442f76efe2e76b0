# SPDX-License-Identifier: MIT OR Apache-2.0
# The default image: Debian's busybox, a few files around it, init and the user programs.

.PHONY: image
image: build/image/default.cpio

build/image/default.cpio: build/user/init $(user_programs) tools/sources.lock \
		$(addprefix tools/launch/,image.py cpio.py fetch.py)
	$(Q)/usr/bin/python3 -X pycache_prefix=build/pycache tools/launch mkimage $@ build/user/init $(user_programs)
