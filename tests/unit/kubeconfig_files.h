/* Kubeconfigs of a test: files in a directory of its own, and what is said of them. */
#ifndef ORDEAL_TEST_KUBECONFIG_FILES_H
#define ORDEAL_TEST_KUBECONFIG_FILES_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kube/config.h"

/* What no message may hold. */
#define MARK "S3CR3T"

#define PEM "-----BEGIN CERTIFICATE-----\n" MARK "\n-----END CERTIFICATE-----\n"
/* Of that. */
#define PEM64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClMzQ1IzVAotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="

__attribute__((unused)) static const char one[] =
	"apiVersion: v1\n"
	"kind: Config\n"
	"current-context: here\n"
	"clusters:\n"
	"- name: k\n"
	"  cluster: {server: 'https://one:6443/'}\n"
	"users:\n"
	"- name: u\n"
	"  user: {token: " MARK "}\n"
	"contexts:\n"
	"- name: here\n"
	"  context: {cluster: k, user: u, namespace: ns1}\n";

static char dir[64];

__attribute__((unused)) static int enter_dir(void **state)
{
	(void)snprintf(dir, sizeof dir, "/tmp/ordeal-kubeconfig.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(setenv("HOME", dir, 1), 0);
	(void)unsetenv("KUBECONFIG");
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	(void)unsetenv("KUBERNETES_SERVICE_PORT");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

__attribute__((unused)) static int leave_dir(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* As $KUBECONFIG. */
__attribute__((unused)) static void use(const char *name, const char *text)
{
	put(name, text);
	assert_int_equal(setenv("KUBECONFIG", name, 1), 0);
}

__attribute__((unused)) static void put_program(const char *name, const char *text)
{
	put(name, text);
	assert_int_equal(chmod(name, 0755), 0);
}

__attribute__((unused)) static struct kube_config *loaded(const char *named)
{
	struct kube_config *c = NULL;
	struct ord_err err = {0};

	if (kube_config_load(named, &c, &err))
		fail_msg("%s", err.msg);
	assert_non_null(c);
	return c;
}

/* Is refused with this in the message, and with no secret. */
__attribute__((unused)) static void refused(const char *named, enum ord_code code, const char *says)
{
	struct kube_config *c = (struct kube_config *)dir;
	struct ord_err err = {0};

	if (!kube_config_load(named, &c, &err))
		fail_msg("accepted, where '%s' was to be said", says);
	assert_ptr_equal(c, dir); /* untouched */
	if (!strstr(err.msg, says) || strstr(err.msg, MARK) || err.code != code)
		fail_msg("said: %s (%s)\nnot: %s", err.msg, ord_code_name(err.code), says);
}

__attribute__((unused)) static void assert_authorization(struct kube_config *c, const char *want)
{
	const char *now = "untouched";
	struct ord_err err = {0};

	if (kube_config_authorization(c, &now, &err))
		fail_msg("%s", err.msg);
	if (!want)
		assert_null(now);
	else
		assert_string_equal(now, want);
}

#endif
