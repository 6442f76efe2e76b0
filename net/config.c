/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading ip= of the command line. See config.h. */
#include "net/config.h"
#include "base/string.h"

/* Reads "a.b.c.d" up to the end or a colon. */
static bool address_parse(const char *text, u32 *ip)
{
	u8 part[4];

	for (int i = 0; i < 4; i++) {
		u32 n = 0, digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 4; digits++)
			n = n * 10 + *text++ - '0';
		if (!digits || n > 255)
			return false;
		part[i] = n;
		if (i < 3 && *text++ != '.')
			return false;
	}
	memcpy(ip, part, 4);
	return !*text || *text == ':';
}

static const char *field(const char *text, int n)
{
	while (text && n--) {
		text = strchr(text, ':');
		text = text ? text + 1 : NULL;
	}
	return text;
}

bool config_parse(const char *text, struct net_config *out)
{
	struct net_config c = { 0 };
	const char *gateway = field(text, 2), *mask = field(text, 3);

	if (!address_parse(text, &c.ip) || !c.ip)
		return false;
	if (gateway)
		address_parse(gateway, &c.gateway);
	if (!mask || !address_parse(mask, &c.mask))
		c.mask = (c.ip & 0x80) == 0 ? 0xff : (c.ip & 0xc0) == 0x80 ? 0xffff : 0xffffff; /* by class, as Linux */
	*out = c;
	return true;
}
