# SPDX-License-Identifier: MIT OR Apache-2.0
# Odd here-documents: empty, blank lines, no newline at the end of the text, odd delimiters.
cat <<END
END
echo "empty: $?"
cat <<END

blank

END
cat <<'end of text'
delimiter with spaces
end of text
cat <<E-O_F.1
punctuated
E-O_F.1
cat <<END
joined \
line
END
cat <<END
$(cat <<IN
inner
IN
) outer
END
eval 'cat <<X
from eval
X'
