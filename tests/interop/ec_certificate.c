/* Preloaded into baresip 1.0, whose DTLS knows RSA certificates alone: gives it the elliptic one of EC_CERTIFICATE. */
#include <stdio.h>
#include <stdlib.h>

struct tls;
int tls_set_certificate(struct tls *tls, const char *pem, size_t length);

int tls_set_selfsigned_rsa(struct tls *tls, const char *name, size_t bits)
{
	static char pem[8192];
	const char *path = getenv("EC_CERTIFICATE");
	FILE *file = path ? fopen(path, "r") : NULL;
	size_t length;

	(void)name;
	(void)bits;
	if (!file)
		return 2;
	length = fread(pem, 1, sizeof pem - 1, file);
	fclose(file);
	return tls_set_certificate(tls, pem, length);
}
