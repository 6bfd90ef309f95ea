# figures.R FILE...: of each table what `ordeal stats` computes, by R: a line "FILE KEY VALUE" each. Keys are those of the
# JSON (docs/formats/stats.md), joined by slashes.
suppressPackageStartupMessages(library(survival))
options(digits = 17, warn = -1)

say <- function(key, v) cat(sprintf("%s %s %s\n", file, key, ifelse(is.finite(v), sprintf("%.17g", v), "null")), sep = "")
pair <- function(key, lo, hi) {
	say(paste0(key, "/0"), lo)
	say(paste0(key, "/1"), hi)
}

# Where a band rises again, quantile() interpolates among its unsorted values; print() takes the first time below, as we do.
first_below <- function(curve, time, by_r) {
	known <- !is.na(curve)
	if (!is.unsorted(-curve[known]))
		return(by_r)
	sapply(c(.75, .5, .25), function(height) time[known & curve < height + 1e-9][1])
}

curves <- function(at, d, tau) {
	for (band in c("loglog", "log", "plain")) {
		fit <- survfit(Surv(time, event) ~ 1, d, conf.type = c(loglog = "log-log", log = "log", plain = "plain")[[band]])
		s <- summary(fit)
		if (band == "log") {
			say(paste0(at, "/curve/", seq_along(s$time) - 1, "/time"), s$time)
			say(paste0(at, "/curve/", seq_along(s$time) - 1, "/at_risk"), s$n.risk)
			say(paste0(at, "/curve/", seq_along(s$time) - 1, "/survival"), s$surv)
			say(paste0(at, "/curve/", seq_along(s$time) - 1, "/se"), s$std.err)
			say(paste0(at, "/curve/", seq_along(s$time) - 1, "/hazard"), s$cumhaz)
			if (tau >= min(fit$time)) { # R refuses a tau before that
				table <- summary(fit, rmean = tau)$table
				say(paste0(at, "/restricted_mean/value"), table[["rmean"]])
				say(paste0(at, "/restricted_mean/se"), table[["se(rmean)"]])
			}
		}
		pair(paste0(at, "/curve/", seq_along(s$time) - 1, "/", band), s$lower, s$upper)
		q <- quantile(fit, c(.25, .5, .75))
		# A last plateau at this very height: quantile() takes its middle up to the last censoring, print() its
		# begin. We do as print(): the watch's end says nothing of the times.
		last <- abs(min(s$surv) - c(.75, .5, .25)) < 1e-9
		say(paste0(at, "/quantiles/", 0:2, "/value"), ifelse(last, max(s$time), q$quantile))
		pair(paste0(at, "/quantiles/", 0:2, "/", band), first_below(s$lower, s$time, q$lower), first_below(s$upper, s$time, q$upper))
	}
	k <- sum(d$event)
	cp <- binom.test(k, nrow(d))$conf.int
	w <- prop.test(k, nrow(d), correct = FALSE)$conf.int
	pair(paste0(at, "/share_of_events/clopper_pearson"), cp[1], cp[2])
	pair(paste0(at, "/share_of_events/wilson"), w[1], w[2])
}

values <- function(at, x) {
	say(paste0(at, "/median/value"), median(x))
	say(paste0(at, "/mad"), mad(x))
	for (type in c(7, 8))
		say(paste0(at, "/quantiles_of_values/", 0:2, "/type", type), quantile(x, c(.25, .5, .75), type = type))
	k <- qbinom(.025, length(x), .5)
	say(paste0(at, "/median/lo"), if (k > 0) sort(x)[k] else NA)
	say(paste0(at, "/median/hi"), if (k > 0) sort(x)[length(x) - k + 1] else NA)
}

# Every relabelling, where there are few.
relabel <- function(scores, n) {
	seen <- sum(scores[seq_len(n)]) - n * mean(scores)
	sums <- combn(length(scores), n, function(i) sum(scores[i])) - n * mean(scores)
	mean(abs(sums) >= abs(seen) - 1e-9)
}

compare <- function(at, d, a, b) {
	x <- d[d$group == a, ]
	y <- d[d$group == b, ]
	both <- rbind(x, y)
	both$side <- rep(1:2, c(nrow(x), nrow(y)))
	if (kind == "times" && sum(both$event) > 0) {
		for (rho in 0:1) {
			key <- paste0(at, c("/log_rank", "/peto_peto")[rho + 1])
			r <- survdiff(Surv(time, event) ~ side, both, rho = rho)
			say(paste0(key, "/observed/", 0:1), r$obs)
			say(paste0(key, "/expected/", 0:1), r$exp)
			defined <- r$var[1, 1] > 1e-12
			say(paste0(key, "/chi2"), if (defined) r$chisq else NA)
			say(paste0(key, "/p"), if (defined) pchisq(r$chisq, 1, lower.tail = FALSE) else NA)
		}
		if (choose(nrow(both), nrow(x)) <= 20000) {
			fit <- survfit(Surv(time, event) ~ 1, both)
			scores <- both$event - stepfun(fit$time, c(0, fit$cumhaz))(both$time)
			say(paste0(at, "/log_rank_exact/u"), sum(scores[both$side == 1]))
			say(paste0(at, "/log_rank_exact/p"), relabel(scores, nrow(x)))
		}
	}
	if (any(both$event == 0))
		return(invisible())
	ties <- anyDuplicated(both$time) > 0
	w <- wilcox.test(y$time, x$time, exact = !ties, conf.int = !ties)
	say(paste0(at, "/mann_whitney/w"), w$statistic)
	if (!ties) {
		say(paste0(at, "/mann_whitney/p"), w$p.value)
		say(paste0(at, "/shift/value"), w$estimate)
		if (qwilcox(.025, nrow(x), nrow(y)) > 0) {
			say(paste0(at, "/shift/lo"), w$conf.int[1])
			say(paste0(at, "/shift/hi"), w$conf.int[2])
			if (all(both$time > 0)) {
				r <- wilcox.test(log(y$time), log(x$time), exact = TRUE, conf.int = TRUE)
				say(paste0(at, "/ratio/value"), exp(r$estimate))
				say(paste0(at, "/ratio/lo"), exp(r$conf.int[1]))
				say(paste0(at, "/ratio/hi"), exp(r$conf.int[2]))
			}
		}
	} else if (choose(nrow(both), nrow(x)) <= 20000) {
		say(paste0(at, "/mann_whitney/p"), relabel(rank(both$time), nrow(x)))
	}
}

for (file in commandArgs(TRUE)) {
	d <- read.csv(file)
	kind <- if ("value" %in% names(d)) "values" else "times"
	if (kind == "values") {
		d$time <- d$value
		d$event <- 1
	}
	if (is.null(d$group))
		d$group <- "all"
	names <- unique(d$group)
	tau <- min(tapply(d$time, d$group, max))
	for (i in seq_along(names)) {
		g <- d[d$group == names[i], ]
		at <- paste0("groups/", i - 1)
		if (kind == "times")
			curves(at, g, tau)
		if (all(g$event == 1))
			values(at, g$time)
	}
	k <- 0
	for (i in seq_along(names))
		for (j in seq_along(names))
			if (j > i) {
				compare(paste0("comparisons/", k), d, names[i], names[j])
				k <- k + 1
			}
}
