/* libsrtp2 at the work of bench/srtp.py: protect and unprotect packets of 160 bytes, and print ns for each.
   Usage: srtp_peer SUITE PACKETS PASSES */
#include <srtp2/srtp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned char key[64];
	srtp_policy_t policy;
	srtp_t send, receive;
	long packets = argc > 3 ? atol(argv[2]) : 0, passes = argc > 3 ? atol(argv[3]) : 0;
	double best[2] = {1e18, 1e18};
	unsigned char(*data)[256];

	if (argc != 4)
		return 2;
	memset(key, 0x5a, sizeof key);
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (unsigned char)(i * 7 + 1);
	srtp_init();
	data = malloc((size_t)packets * sizeof *data);
	for (long pass = 0; pass < passes; pass++) {
		double t0, t1, t2;
		memset(&policy, 0, sizeof policy);
		if (!strcmp(argv[1], "AES_CM_128_HMAC_SHA1_80")) {
			srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
			srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
		} else if (!strcmp(argv[1], "AEAD_AES_128_GCM")) {
			srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
			srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
		} else if (!strcmp(argv[1], "AEAD_AES_256_GCM")) {
			srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
			srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
		} else {
			return 2;
		}
		policy.key = key;
		policy.window_size = 128;
		policy.ssrc.type = ssrc_any_outbound;
		if (srtp_create(&send, &policy))
			return 1;
		policy.ssrc.type = ssrc_any_inbound;
		if (srtp_create(&receive, &policy))
			return 1;
		for (long n = 0; n < packets; n++) {
			unsigned char *p = data[n];
			memset(p, 0x55, 172);
			p[0] = 0x80, p[1] = 0, p[2] = (unsigned char)(n >> 8), p[3] = (unsigned char)n;
			memset(p + 4, 0, 4);
			memset(p + 8, 7, 4);
		}
		t0 = now();
		for (long n = 0; n < packets; n++) {
			int length = 172;
			if (srtp_protect(send, data[n], &length))
				return 1;
			data[n][255] = (unsigned char)length;
		}
		t1 = now();
		for (long n = 0; n < packets; n++) {
			int length = data[n][255];
			if (srtp_unprotect(receive, data[n], &length) || length != 172)
				return 1;
		}
		t2 = now();
		if (t1 - t0 < best[0])
			best[0] = t1 - t0;
		if (t2 - t1 < best[1])
			best[1] = t2 - t1;
		srtp_dealloc(send);
		srtp_dealloc(receive);
	}
	printf("%.1f %.1f\n", best[0] / (double)packets, best[1] / (double)packets);
	return 0;
}
