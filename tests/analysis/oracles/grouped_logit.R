# Maximal random effects, and those of participants alike for methods a and b, by lme4's glmer (Laplace).
# Usage: Rscript grouped_logit.R by_method.csv; prints name,value lines.
suppressPackageStartupMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
data$participant <- factor(data$participant)
data$image <- factor(data$image)
data$method <- factor(data$method)
data$group <- factor(data$method == levels(data$method)[3])
fit <- suppressMessages(glmer(
  correct ~ 0 + method + (1 | participant) + (1 | participant:method) + (1 | participant:group) + (1 | image) + (1 | image:method),
  data, family = binomial,
  control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(rhoend = 1e-9, maxfun = 1e5))))
show <- function(name, value) cat(sprintf("%s,%.10f\n", name, value))
show(names(fixef(fit)), fixef(fit))
covariance <- suppressWarnings(vcov(fit, use.hessian = FALSE))
show(paste0("se_", names(fixef(fit))), sqrt(diag(as.matrix(covariance))))
sds <- as.data.frame(VarCorr(fit))
show(paste0("sd_", sds$grp), sds$sdcor)
show("deviance", -2 * as.numeric(logLik(fit)))
