# SPDX-License-Identifier: MIT OR Apache-2.0
# Times of files can be set and are kept.
export TZ=UTC0; touch -d '2001-02-03 04:05:06' f; stat -c '%Y %y' f; stat -c %X f
ls -l --full-time f | awk '{ print $6, $7 }'; date -r f; touch -r f g
[ f -nt g ] || [ f -ot g ] || echo same; touch -d @86400 h; stat -c %Y h
[ f -nt h ] && echo newer; [ h -ot f ] && echo older
mkdir d; touch -d @100 d; stat -c %Y d; touch d/x
[ $(stat -c %Y d) -gt 100 ] && echo directory changed; touch -d @100 d; rm d/x
[ $(stat -c %Y d) -gt 100 ] && echo and again; cp -p f c; stat -c %Y c; mv f m
stat -c %Y m; touch -d @500 m; chmod 600 m; stat -c %Y m; echo x >>m
[ $(stat -c %Y m) -gt 500 ] && echo written; touch -d @500 m; cat m >/dev/null
stat -c %Y m; truncate -s 0 m; [ $(stat -c %Y m) -gt 500 ] && echo truncated
ln -s m l; touch -h -d @7 l; stat -c %Y l; touch -c none; ls none
touch -d @2147483648 y; stat -c %Y y; touch -d @-5 n; stat -c %Y n
touch -d @4294967297 z; stat -c %Y z
