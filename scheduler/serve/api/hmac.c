#include "scheduler/serve/api/hmac.h"

#include <sha2.h>
#include <stdint.h>
#include <string.h>

#define BLOCK SHA256_BLOCK_LENGTH

static void begin(SHA2_CTX *sha, const uint8_t key[static BLOCK], uint8_t pad)
{
	uint8_t block[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	SHA256Init(sha);
	SHA256Update(sha, block, sizeof block);
	explicit_bzero(block, sizeof block);
}

char *api_hmac(struct api_bytes key, const struct api_bytes *pieces, size_t n,
	       char out[static API_HMAC_HEX])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t block[BLOCK] = {0}, digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	if (key.size > BLOCK) {
		SHA256Init(&sha);
		SHA256Update(&sha, key.data, key.size);
		SHA256Final(block, &sha);
	} else {
		memcpy(block, key.data, key.size);
	}
	begin(&sha, block, 0x36);
	for (size_t i = 0; i < n; i++)
		SHA256Update(&sha, pieces[i].data, pieces[i].size);
	SHA256Final(digest, &sha);
	begin(&sha, block, 0x5c);
	SHA256Update(&sha, digest, sizeof digest);
	SHA256Final(digest, &sha);
	for (size_t i = 0; i < sizeof digest; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[2 * sizeof digest] = '\0';
	explicit_bzero(block, sizeof block);
	explicit_bzero(&sha, sizeof sha);
	return out;
}

bool api_same(const char *given, const char *secret)
{
	size_t n = strlen(given), m = strlen(secret);
	/* Of another length: compared with itself, so that it takes as long. */
	const char *other = n == m ? secret : given;
	volatile unsigned differ = n != m;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)given[i] ^ (unsigned char)other[i];
	return !differ;
}
