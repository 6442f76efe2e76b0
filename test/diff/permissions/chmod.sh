# SPDX-License-Identifier: MIT OR Apache-2.0
# Modes in numbers and symbols, on files, directories and through links.
touch f; mkdir d; ln -s f l
for m in 644 755 000 4755 2755 1777 7777 u+x g-w o=rwx a+r ug=rw,o= u=g +x -x a=,u+s g+s +t u-s,g-s,-t a+X; do
	chmod $m f; echo "$m $(stat -c '%a %A' f)"
done
chmod 2755 d; mkdir d/sub; touch d/file; stat -c '%a %n' d/sub d/file
chmod a=X d; stat -c %a d; chmod 700 d
chmod 640 l; stat -c %a f; stat -c %a l
mkdir -p t/u; touch t/u/v; chmod -R 750 t; find t -exec stat -c '%a %n' {} \; | sort -k 2
chmod 600 no-such; chmod 99 f; echo $?
