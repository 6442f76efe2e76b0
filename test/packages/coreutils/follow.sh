# SPDX-License-Identifier: MIT OR Apache-2.0
# tail as it follows files: ones that grow, are renamed away and come again, and are removed.

await() { # until the file holds the text
	until grep -q "$2" "$1"; do sleep 0.05; done
}

(for i in 1 2 3; do echo "line $i"; sleep 0.1; done) >>grow &
tail -n +1 -f --pid=$! grow
echo "status $?"

echo one >log
tail -F log >out 2>said &
tail=$!
await out one
echo two >>log
await out two
mv log log.1
await said inaccessible
echo three >log
await out three
: >log
await said truncated
echo four >>log
await out four
kill $tail
wait $tail
echo "status $?"
cat out said

echo first >a
echo second >b
tail -f -n 1 a b >out 2>said &
tail=$!
await out second
echo more >>b
await out more
echo again >>a
await out again
kill $tail
wait $tail
cat out said

tail -f none
echo "status $?"
timeout 0.3 tail -f /dev/null
echo "status $?"
mkfifo pipe
echo through >pipe &
tail -f pipe >out &
tail=$!
await out through
kill $tail
