/* The program: finds the command, runs it, prints its error, exits. */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/inject.h"

/* Every command has it. */
static const struct cli_option help_option[] = {{"help", 'h', NULL, "print this help and exit"},
						{0}};

static int check_operands(const struct cli_command *c, const struct cli_args *args,
			  struct ord_err *err)
{
	if (args->n_operands < c->min_operands)
		return ord_fail(err, ORD_USAGE, "it needs %s", c->operands);
	if (args->n_operands > c->max_operands)
		return ord_fail(err, ORD_USAGE, "what is '%.40s' for? It takes %s",
				args->operands[c->max_operands],
				*c->operands ? c->operands : "no operand");
	return 0;
}

static int run_command(const struct cli_command *c, int argc, char **argv, struct ord_err *err)
{
	const struct cli_option *const tables[] = {help_option, c->options,
						   c->takes_target ? cli_target_options : NULL,
						   c->takes_target ? cli_cluster_options : NULL,
						   c->takes_target ? cli_share_option : NULL};
	static struct cli_args args;

	if (c->run_raw)
		return c->run_raw(argc, argv, err);
	if (cli_parse(argc, argv, tables, ORD_COUNT(tables), &args, err))
		return -1;
	if (cli_flag(&args, "help")) {
		cli_help_command(c, stdout);
		return CLI_OK;
	}
	args.argc = argc;
	args.argv = argv;
	if (check_operands(c, &args, err))
		return -1;
	return c->run(&args, err);
}

static int dispatch(int argc, char **argv, struct ord_err *err)
{
	static const char *const spellings[][2] = {
		{"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct cli_command *c;
	int code;

	if (!name) {
		cli_help_program(stderr);
		return CLI_WRONG;
	}
	for (size_t i = 0; i < ORD_COUNT(spellings); i++)
		if (!strcmp(name, spellings[i][0]))
			name = spellings[i][1];
	c = cli_command_find(name);
	if (!c)
		return cli_no_command(name, err);
	code = run_command(c, argc - 1, argv + 1, err);
	if (code < 0 && err->code == ORD_USAGE)
		ord_wrap(err, "%s", c->name);
	return code;
}

int main(int argc, char **argv)
{
	struct ord_err err = {0};
	int code = ord_std_keep(&err) ? -1 : dispatch(argc, argv, &err);

	if (code < 0) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "ordeal: %s\n", err.msg);
		code = cli_exit_of(&err);
	}
	/* A full disk behind a redirection must not pass for success. */
	if (fflush(stdout) || ferror(stdout)) {
		(void)fprintf(stderr, "ordeal: cannot write the output: %s\n",
			      strerrordesc_np(errno));
		code = cli_exit_worst(code, CLI_BROKEN);
	}
	return code;
}
